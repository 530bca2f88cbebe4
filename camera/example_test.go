package camera_test

import (
	"context"
	"fmt"
	"log"

	"halfmeg/camera"
)

// Read frames of the test card, the source that needs no camera.
func ExampleOpen() {
	ctx := context.Background()
	source, err := camera.Open(ctx, camera.TestCard, camera.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = source.Close() }()
	for range 2 {
		frame, err := source.Next(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(frame.Sequence, frame.Format, frame.Scene)
	}
	// Output:
	// 0 RGB3 640x480 analog clock
	// 1 RGB3 640x480 analog clock
}

// Keep reading a camera that may be unplugged: the error is reported, and Next
// waits until the camera is back.
func ExampleReconnect() {
	ctx := context.Background()
	opener := camera.NewOpener(camera.TestCard, camera.Options{})
	source, err := camera.Reconnect(ctx, opener.Open, camera.Retry{Report: func(err error) {
		log.Println("camera:", err)
	}})
	if err != nil {
		log.Fatal(err) // trying again is pointless
	}
	defer func() { _ = source.Close() }()
	frame, err := source.Next(ctx)
	fmt.Println(frame.Width, frame.Height, err)
	// Output:
	// 640 480 <nil>
}
