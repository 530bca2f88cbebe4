package picture

import "image"

// paint converts a decoded image to an upright Image. The stored picture has
// width x height pixels; where the decoded image does not cover it, as a
// GIF's first frame need not, it is white.
func paint(img image.Image, width, height int, turn orientation) *Image {
	to := turn.layout(width, height)
	out := &Image{Width: to.width, Height: to.height, Pix: make([]byte, 3*width*height)}
	b := img.Bounds()
	if b.Dx() < width || b.Dy() < height {
		for i := range out.Pix {
			out.Pix[i] = white
		}
	}
	readRow := rowReader(img)
	row := make([]byte, 3*b.Dx())
	for y := range b.Dy() {
		at := to.origin + (b.Min.Y+y)*to.down + b.Min.X*to.right
		if to.right == 1 {
			readRow(out.Pix[3*at:][:len(row)], y)
			continue
		}
		readRow(row, y)
		scatter(out.Pix, row, at, to.right)
	}
	return out
}

// scatter puts a row of pixels into pix, the first at the given pixel, each
// next one step pixels further.
func scatter(pix, row []byte, at, step int) {
	for i := 0; i < len(row); i += 3 {
		to, from := pix[3*at:3*at+3], row[i:i+3]
		to[0], to[1], to[2] = from[0], from[1], from[2]
		at += step
	}
}
