package pixel_test

import (
	"fmt"

	"halfmeg/camera/pixel"
)

// A driver delivers frames of 6x4 pixels in NV12 with 8 bytes per row, of which the
// last two are padding.
func ExampleFormat_Image() {
	format := pixel.Format{FourCC: pixel.NV12, Width: 6, Height: 4, Stride: 8, Range: pixel.Limited}
	for _, p := range format.Planes() {
		if p.Rows > 0 {
			fmt.Printf("offset %d: %d rows of %d bytes\n", p.Offset, p.Rows, p.RowBytes)
		}
	}
	img := format.Image(make([]byte, format.Size()))
	fmt.Println(img.Validate())
	img = format.Image(make([]byte, 45))
	fmt.Println(img.Validate())
	// Output:
	// offset 0: 4 rows of 6 bytes
	// offset 32: 2 rows of 6 bytes
	// <nil>
	// plane 1 of a picture of 6x4 pixels in NV12 has 13 bytes: it needs 14
}

func ExampleParse() {
	format, err := pixel.Parse("MJPEG")
	fmt.Println(format, err, format == pixel.MJPEG)
	// Output:
	// MJPG <nil> true
}
