//go:build unix

package ffmpeg_test

import (
	"context"
	"fmt"
	"log"

	"halfmeg/camera/ffmpeg"
)

// Read frames from a network camera.
func ExampleOpen() {
	path, err := ffmpeg.Find()
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	stream, err := ffmpeg.Open(ctx, path, ffmpeg.Config{Address: "rtsp://name:password@camera.local/stream", Rate: 5})
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

// Print an address without its password.
func ExampleName() {
	fmt.Println(ffmpeg.Name("rtsp://name:password@camera.local/stream?token=secret"))
	// Output: rtsp://camera.local/stream
}
