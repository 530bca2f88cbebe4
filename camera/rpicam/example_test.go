//go:build unix

package rpicam_test

import (
	"context"
	"fmt"
	"log"

	"halfmeg/camera/rpicam"
)

// Read frames of the first camera module. This needs a Raspberry Pi.
func ExampleOpen() {
	path, err := rpicam.Find()
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	stream, err := rpicam.Open(ctx, path, rpicam.Config{Width: 1280, Height: 720, Rate: 15})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	for range 10 {
		frame, err := stream.Next(ctx)
		if err != nil {
			log.Println(err)
			return
		}
		img := stream.Format().Image(frame.Data)
		fmt.Println(frame.Sequence, img.Width, img.Height)
	}
}

// Only widths that are multiples of 128 have no padding, so 320 becomes 384.
func ExampleConfig_Format() {
	for _, c := range []rpicam.Config{{}, {Width: 320, Height: 240}, {Width: 1920, Height: 1080}} {
		f := c.Format()
		fmt.Printf("%v %dx%d, %d bytes\n", f.FourCC, f.Width, f.Height, f.Size())
	}
	// Output:
	// YU12 640x480, 460800 bytes
	// YU12 384x240, 138240 bytes
	// YU12 1920x1080, 3110400 bytes
}

// The largest frames without padding that fit into a camera module's largest, and
// into a limit of one's own.
func ExampleRoundDown() {
	fmt.Println(rpicam.RoundDown(4608, 2592))
	fmt.Println(rpicam.RoundDown(1000, 563))
	// Output:
	// 4608 2592
	// 896 562
}
