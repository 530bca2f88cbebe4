package model

import "fmt"

// Pixels is a picture as plain data: what cameras and picture files hand to
// the preprocessing. It does not own its memory.
type Pixels struct {
	Format Format
	Width  int
	Height int
	Data   []byte
	Stride int // bytes from a row to the next
}

// Format tells how the bytes of Pixels are laid out.
type Format uint8

// The formats: so far, packed red, green, blue.
const (
	RGB24 Format = iota
)

// The limits keep every product of sizes far inside an int64.
const (
	maxSide   = 1 << 20
	maxStride = 1 << 30
)

// Validate tells whether the data holds every row.
func (p Pixels) Validate() error {
	if p.Format != RGB24 {
		return fmt.Errorf("unknown pixel format %d", p.Format)
	}
	if p.Width < 1 || p.Width > maxSide || p.Height < 1 || p.Height > maxSide {
		return fmt.Errorf("a picture of %dx%d pixels; sides of 1…%d can be used", p.Width, p.Height, maxSide)
	}
	if p.Stride < 3*p.Width || p.Stride > maxStride {
		return fmt.Errorf("a picture of %dx%d pixels with %d bytes a row", p.Width, p.Height, p.Stride)
	}
	if need := int64(p.Height-1)*int64(p.Stride) + int64(3*p.Width); int64(len(p.Data)) < need {
		return fmt.Errorf("a picture of %dx%d pixels has %d bytes, needs %d", p.Width, p.Height, len(p.Data), need)
	}
	return nil
}
