//go:build amd64 || arm64

package v4l2_test

import (
	"context"
	"fmt"
	"log"

	"halfmeg/camera/pixel"
	"halfmeg/camera/v4l2"
)

// Read frames of the first webcam, with a fixed focus. This needs a camera.
func ExampleOpen() {
	for _, node := range v4l2.List() {
		if node.Problem != "" {
			fmt.Println(node.Path, node.Problem)
			continue
		}
		if err := read(node.Path); err != nil {
			log.Fatal(err)
		}
		return
	}
}

func read(path string) error {
	stream, err := v4l2.Open(path, v4l2.Config{
		Width:    640,
		Height:   480,
		FourCC:   pixel.YUYV,
		Rate:     30,
		Controls: []v4l2.Setting{{Name: "focus_automatic_continuous", Value: "off"}},
	})
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }()
	fmt.Println(stream.Format()) // the nearest that the device offers
	for range 10 {
		frame, err := stream.Next(context.Background())
		if err != nil {
			return err
		}
		fmt.Println(frame.Sequence, frame.Time, len(frame.Data))
	}
	return nil
}

// Errors name the device and say what to do.
func ExampleOpen_error() {
	_, err := v4l2.Open("/dev/null", v4l2.Config{})
	fmt.Println(err)
	_, err = v4l2.Open("/dev/video-none", v4l2.Config{})
	fmt.Println(err)
	// Output:
	// /dev/null: not a video device
	// /dev/video-none: camera not found: plug it in, or choose another from the list of cameras
}
