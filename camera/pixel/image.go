package pixel

import "fmt"

// Image is a picture in memory: what cameras and picture files pass to a
// network. It does not own its memory.
type Image struct {
	FourCC FourCC
	Width  int // in pixels, as the picture lies in memory
	Height int // in pixels, as the picture lies in memory
	Planes [3]Plane
	Matrix Matrix // of YCbCr
	Range  Range  // of YCbCr; RGB24 and BGR24 are read as full range

	// Rotate (clockwise by 0, 90, 180 or 270 degrees), then Mirror (left to
	// right) set the picture upright.
	Rotate int
	Mirror bool
}

// Plane holds some of a picture's samples, row by row.
type Plane struct {
	Data   []byte
	Stride int // bytes from one row to the next
}

// Image returns the picture whose planes follow each other in a buffer. It
// copies nothing and checks nothing: Validate says whether the buffer is long
// enough.
func (f Format) Image(data []byte) Image {
	img := Image{FourCC: f.FourCC, Width: f.Width, Height: f.Height, Matrix: f.Matrix, Range: f.Range}
	img.Planes[0] = Plane{data, f.Stride}
	rest := skipRows(data, f.Stride, f.Height)
	switch f.FourCC {
	case NV12, NV21:
		img.Planes[1] = Plane{rest, f.Stride}
	case YU12:
		chroma := halfUp(f.Stride)
		img.Planes[1] = Plane{rest, chroma}
		img.Planes[2] = Plane{skipRows(rest, chroma, halfUp(f.Height)), chroma}
	}
	return img
}

// skipRows is the data after the given rows, or nil if there are fewer.
func skipRows(data []byte, stride, rows int) []byte {
	if stride < 1 || rows < 0 || rows > len(data)/stride {
		return nil
	}
	return data[rows*stride:]
}

// Limits that keep every product of sizes far inside an int64.
const (
	maxSide   = 1 << 20
	maxStride = 1 << 30
)

// Validate checks that every plane holds its rows and that all other fields
// have a defined value.
func (img *Image) Validate() error {
	switch {
	case img.Matrix > BT709:
		return fmt.Errorf("unknown colour matrix %d", img.Matrix)
	case img.Range > Limited:
		return fmt.Errorf("unknown colour range %d", img.Range)
	case img.Width < 1 || img.Width > maxSide || img.Height < 1 || img.Height > maxSide:
		return fmt.Errorf("picture of %dx%d pixels: sides of 1…%d are supported", img.Width, img.Height, maxSide)
	case img.Rotate < 0 || img.Rotate > 270 || img.Rotate%90 != 0:
		return fmt.Errorf("picture rotated by %d degrees: 0, 90, 180 and 270 are supported", img.Rotate)
	}
	layouts := Format{FourCC: img.FourCC, Width: img.Width, Height: img.Height}.Planes()
	if layouts[0].Rows == 0 {
		return fmt.Errorf("unsupported pixel format %v", img.FourCC)
	}
	for i, l := range layouts {
		if l.Rows == 0 {
			break
		}
		if err := img.validatePlane(i, l.Row, l.Rows); err != nil {
			return err
		}
	}
	return nil
}

// validatePlane checks that a plane holds the given rows; the padding after the
// last one may be missing.
func (img *Image) validatePlane(i, row, rows int) error {
	p := img.Planes[i]
	if p.Stride < row || p.Stride > maxStride {
		return fmt.Errorf("plane %d of a picture of %dx%d pixels in %v has a stride of %d bytes: %d…%d is supported",
			i, img.Width, img.Height, img.FourCC, p.Stride, row, maxStride)
	}
	if need := int64(rows-1)*int64(p.Stride) + int64(row); int64(len(p.Data)) < need {
		return fmt.Errorf("plane %d of a picture of %dx%d pixels in %v has %d bytes: it needs %d",
			i, img.Width, img.Height, img.FourCC, len(p.Data), need)
	}
	return nil
}
