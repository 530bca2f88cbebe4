package pixel

import "fmt"

// Image is a picture in memory, as cameras and picture files pass it to a network. It
// does not own its memory.
type Image struct {
	FourCC FourCC
	Width  int // in pixels, before Rotate
	Height int // in pixels, before Rotate
	Planes [3]Plane
	Matrix Matrix // of YCbCr
	Range  Range  // of YCbCr; RGB24 and BGR24 have full range

	// Rotating clockwise by Rotate (0, 90, 180 or 270 degrees) and then mirroring
	// left to right, if Mirror is set, makes the picture upright.
	Rotate int
	Mirror bool
}

// Plane is the memory of a plane: rows of samples, with padding between them.
type Plane struct {
	Data   []byte
	Stride int // bytes from one row to the next
}

// Image returns the picture in a buffer. It does not copy the buffer, nor check its
// length: Validate does. A plane that starts beyond the end of the buffer has no Data.
func (f Format) Image(data []byte) Image {
	img := Image{FourCC: f.FourCC, Width: f.Width, Height: f.Height, Matrix: f.Matrix, Range: f.Range}
	for i, l := range f.Planes() {
		img.Planes[i].Stride = l.Stride
		if l.Rows > 0 && l.Offset >= 0 && l.Offset <= len(data) {
			img.Planes[i].Data = data[l.Offset:]
		}
	}
	return img
}

// Limits that keep products of sizes within an int64.
const (
	maxSide   = 1 << 20
	maxStride = 1 << 30
)

// Validate checks that every plane is large enough and that all other fields have a
// valid value.
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
	if layouts[0].Rows == 0 || img.FourCC.Unpacked() != img.FourCC {
		return fmt.Errorf("unsupported pixel format %v", img.FourCC)
	}
	for i, l := range layouts {
		if l.Rows == 0 {
			break
		}
		if err := img.validatePlane(i, l.RowBytes, l.Rows); err != nil {
			return err
		}
	}
	return nil
}

// validatePlane checks that plane i has the given number of rows of row bytes. Padding
// after the last row may be missing.
func (img *Image) validatePlane(i, row, rows int) error {
	p := img.Planes[i]
	if p.Stride < row || p.Stride > maxStride {
		return fmt.Errorf("plane %d of a picture of %dx%d pixels in %v has a stride of %d bytes: %d…%d are supported",
			i, img.Width, img.Height, img.FourCC, p.Stride, row, maxStride)
	}
	if need := int64(rows-1)*int64(p.Stride) + int64(row); int64(len(p.Data)) < need {
		return fmt.Errorf("plane %d of a picture of %dx%d pixels in %v has %d bytes: it needs %d",
			i, img.Width, img.Height, img.FourCC, len(p.Data), need)
	}
	return nil
}
