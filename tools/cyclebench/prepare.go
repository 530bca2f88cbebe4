//go:build linux

package main

import (
	"fmt"
	"strings"
	"time"

	"halfmeg/camera/pixel"
	"halfmeg/model"
	"halfmeg/model/prep"
	"halfmeg/tools/internal/roi"
)

// formats are the pixel formats of camera frames that can be prepared.
var formats = []pixel.FourCC{
	pixel.RGB24, pixel.BGR24, pixel.YUYV, pixel.UYVY, pixel.NV12, pixel.NV21, pixel.YU12, pixel.GREY,
}

func formatNames() string {
	var names []string
	for _, f := range formats {
		names = append(names, f.String())
	}
	return strings.Join(names, ", ")
}

func prepare(n *model.Network, format string, rotate, frames int) error {
	p, err := prep.NewPreprocessor(n.Input)
	if err != nil {
		return err
	}
	src, err := cameraFrame(format)
	if err != nil {
		return err
	}
	src.Rotate = rotate
	dst := make([]int8, 3*n.Input.Size*n.Input.Size)
	if err := p.Run(dst, src); err != nil { // warm the caches
		return err
	}
	begin := time.Now()
	roi.Begin()
	for range frames {
		if err := p.Run(dst, src); err != nil {
			return err
		}
	}
	roi.End()
	report(frames, begin)
	return nil
}

// cameraFrame returns a frame that contains all byte values. The cost does not
// depend on the content.
func cameraFrame(name string) (pixel.Image, error) {
	const width, height = 640, 480
	for _, f := range formats {
		if f.String() != name {
			continue
		}
		stride := width * bytesOfPixel(f)
		data := make([]byte, 2*stride*height) // enough for every format
		for i := range data {
			data[i] = byte(i*7 ^ i>>8)
		}
		return pixel.Format{FourCC: f, Width: width, Height: height, Stride: stride, Range: pixel.Limited}.Image(data), nil
	}
	return pixel.Image{}, fmt.Errorf("-prepare %q: expected one of %s", name, formatNames())
}

// bytesOfPixel returns the bytes per pixel in the first plane.
func bytesOfPixel(f pixel.FourCC) int {
	switch f {
	case pixel.RGB24, pixel.BGR24:
		return 3
	case pixel.YUYV, pixel.UYVY:
		return 2
	}
	return 1
}
