package picture

import (
	"image"
	"slices"
)

// toRGB converts a decoded image to an oriented Image, in the memory of buf if that
// suffices. The stored picture has width x height pixels. Where the decoded image does not cover it, as the first frame of
// a GIF need not, it is white.
func toRGB(buf []byte, img image.Image, width, height int, o orientation) Image {
	m := o.mapping(width, height)
	out := Image{Width: m.width, Height: m.height, Pix: slices.Grow(buf[:0], 3*width*height)[:3*width*height]}
	b := img.Bounds()
	if b.Dx() < width || b.Dy() < height {
		for i := range out.Pix {
			out.Pix[i] = white
		}
	}
	readRow := rowReader(img)
	var row []byte // of the stored picture, if it is not one of the oriented picture
	if m.stepX != 1 {
		row = make([]byte, 3*b.Dx())
	}
	for y := range b.Dy() {
		first := m.origin + b.Min.X*m.stepX + (b.Min.Y+y)*m.stepY
		if m.stepX == 1 {
			readRow(out.Pix[3*first:][:3*b.Dx()], y)
			continue
		}
		readRow(row, y)
		scatter(out.Pix, row, first, m.stepX)
	}
	return out
}

// scatter writes a row of pixels to pix: pixel i of the row becomes pixel
// first+i*step.
func scatter(pix, row []byte, first, step int) {
	for i, at := 0, first; i < len(row); i, at = i+3, at+step {
		dst, src := pix[3*at:3*at+3], row[i:i+3]
		dst[0], dst[1], dst[2] = src[0], src[1], src[2]
	}
}
