package pixel

import "fmt"

// Region is a part of a picture, as it is stored, before Rotate and Mirror: in pixels,
// or in percent of the picture's sides. The zero value is the whole picture.
type Region struct {
	X, Y, Width, Height float64
	Percent             bool
}

// String returns a form such as 640x480+100+20, or 50%x100%+25%+0%.
func (r Region) String() string {
	if r == (Region{}) {
		return ""
	}
	if r.Percent {
		return fmt.Sprintf("%g%%x%g%%+%g%%+%g%%", r.Width, r.Height, r.X, r.Y)
	}
	return fmt.Sprintf("%gx%g+%g+%g", r.Width, r.Height, r.X, r.Y)
}

// Crop returns a region of the picture, which must be valid. It does not copy. Where
// chroma is subsampled, the left and upper edge are moved outwards to a whole chroma
// sample. A region that does not lie within the picture is an error.
func (img *Image) Crop(r Region) (Image, error) {
	if r == (Region{}) {
		return *img, nil
	}
	if r.Percent {
		scaleX, scaleY := float64(img.Width)/100, float64(img.Height)/100
		r = Region{X: r.X * scaleX, Y: r.Y * scaleY, Width: r.Width * scaleX, Height: r.Height * scaleY}
	}
	// Comparisons of floats, because a conversion to int may overflow.
	if !(r.X >= 0 && r.Y >= 0 && r.Width > 0 && r.Height > 0 &&
		r.X+r.Width <= float64(img.Width)+0.5 && r.Y+r.Height <= float64(img.Height)+0.5) {
		return Image{}, fmt.Errorf("the region %v does not lie within pictures of %dx%d pixels", r, img.Width, img.Height)
	}
	left, top := int(r.X+0.5), int(r.Y+0.5)
	right := min(max(int(r.X+r.Width+0.5), left+1), img.Width)
	bottom := min(max(int(r.Y+r.Height+0.5), top+1), img.Height)
	left, top = min(left, img.Width-1), min(top, img.Height-1)
	stepX, stepY := img.FourCC.chromaSteps()
	left, top = left-left%stepX, top-top%stepY
	out := *img
	out.Width, out.Height = right-left, bottom-top
	for i := range out.Planes {
		if plane := &out.Planes[i]; len(plane.Data) > 0 {
			x, y := img.FourCC.offset(i, left, top)
			plane.Data = plane.Data[y*plane.Stride+x:]
		}
	}
	return out, nil
}

// chromaSteps returns the subsampling factors of chroma, 1 without subsampling.
func (c FourCC) chromaSteps() (x, y int) {
	switch c {
	case YUYV, UYVY, YVYU, YUV422P:
		return 2, 1
	case NV12, NV21, YU12, YV12:
		return 2, 2
	}
	return 1, 1
}

// offset returns where pixel (x, y), which starts a chroma sample, lies in a plane: the
// byte within the row, and the row.
func (c FourCC) offset(plane, x, y int) (byteX, row int) {
	switch {
	case plane > 0 && (c == NV12 || c == NV21):
		return x, y / 2
	case plane > 0:
		stepX, stepY := c.chromaSteps()
		return x / stepX, y / stepY
	case c == RGB24 || c == BGR24:
		return 3 * x, y
	case c == YUYV || c == UYVY || c == YVYU:
		return 2 * x, y
	}
	return x, y
}
