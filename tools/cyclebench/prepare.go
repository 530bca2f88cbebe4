//go:build linux

package main

import (
	"fmt"
	"strings"
	"time"

	"halfmeg/model"
	"halfmeg/model/prep"
	"halfmeg/tools/internal/roi"
)

// formats are the layouts of a camera's frame that can be prepared.
var formats = []prep.Format{
	prep.RGB24, prep.BGR24, prep.YUYV, prep.UYVY, prep.NV12, prep.NV21, prep.YU12, prep.GREY,
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
	if err := p.Run(dst, src); err != nil { // a first time, to fill the caches
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

// cameraFrame is a frame with all byte values; its content costs nothing.
func cameraFrame(name string) (prep.Pixels, error) {
	const width, height = 640, 480
	for _, f := range formats {
		if f.String() != name {
			continue
		}
		stride := width * bytesOfPixel(f)
		data := make([]byte, 2*stride*height) // more than any format needs
		for i := range data {
			data[i] = byte(i*7 ^ i>>8)
		}
		return prep.Contiguous(f, width, height, stride, data), nil
	}
	return prep.Pixels{}, fmt.Errorf("format %q is none of %s", name, formatNames())
}

// bytesOfPixel is what a pixel takes in a row of the first plane.
func bytesOfPixel(f prep.Format) int {
	switch f {
	case prep.RGB24, prep.BGR24:
		return 3
	case prep.YUYV, prep.UYVY:
		return 2
	}
	return 1
}
