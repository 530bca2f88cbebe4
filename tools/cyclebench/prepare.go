//go:build linux

package main

import (
	"fmt"
	"image/color"
	"math/rand/v2"
	"strings"
	"time"

	"halfmeg/camera/mjpeg"
	"halfmeg/camera/pixel"
	"halfmeg/camera/testcard"
	"halfmeg/internal/testjpeg"
	"halfmeg/model"
	"halfmeg/model/prep"
	"halfmeg/tools/internal/roi"
)

// formats are the pixel formats of camera frames that can be prepared.
var formats = []pixel.FourCC{
	pixel.RGB24, pixel.BGR24, pixel.YUYV, pixel.UYVY, pixel.NV12, pixel.NV21, pixel.YU12, pixel.GREY,
}

func formatNames() string {
	names := []string{pixel.MJPEG.String()}
	for _, f := range formats {
		names = append(names, f.String())
	}
	return strings.Join(names, ", ")
}

func prepare(n *model.Network, format string, rotate, minSide, frames int) error {
	if minSide < 0 {
		minSide = 2 * n.Input.Size // as edge run
	}
	p, err := prep.NewPreprocessor(n.Input)
	if err != nil {
		return err
	}
	var read func() (pixel.Image, error)
	if format == pixel.MJPEG.String() {
		read, err = jpegFrames(minSide)
	} else {
		read, err = cameraFrames(format)
	}
	if err != nil {
		return err
	}
	dst := make([]int8, 3*n.Input.Size*n.Input.Size)
	frame := func() error {
		src, err := read()
		if err != nil {
			return err
		}
		src.Rotate = rotate
		return p.Run(dst, src)
	}
	for range 2 { // warm the caches
		if err := frame(); err != nil {
			return err
		}
	}
	begin := time.Now()
	roi.Begin()
	for range frames {
		if err := frame(); err != nil {
			return err
		}
	}
	roi.End()
	report(frames, begin)
	return nil
}

// cameraFrames returns a function that returns a frame, which contains all byte values.
// The cost does not depend on the content.
func cameraFrames(name string) (func() (pixel.Image, error), error) {
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
		img := pixel.Format{FourCC: f, Width: width, Height: height, Stride: stride, Range: pixel.Limited}.Image(data)
		return func() (pixel.Image, error) { return img, nil }, nil
	}
	return nil, fmt.Errorf("-prepare %q: expected one of %s", name, formatNames())
}

// jpegFrames returns a function that decodes a webcam's JPEG: 4:2:2, without Huffman tables, about 37 kB. It is a scene of the test card with the
// noise of a camera.
func jpegFrames(minSide int) (func() (pixel.Image, error), error) {
	pix := make([]byte, 3*testcard.Width*testcard.Height)
	var card testcard.Card
	if err := card.Draw(pix, 2*testcard.SceneTime); err != nil {
		return nil, err
	}
	noise := rand.New(rand.NewPCG(1, 2))
	file := testjpeg.Encode(testjpeg.Config{
		Width: testcard.Width, Height: testcard.Height, H: 2, V: 1, Quality: 69, NoTables: true,
	}, func(x, y int) [3]float64 {
		p := pix[3*(y*testcard.Width+x):]
		luma, cb, cr := color.RGBToYCbCr(p[0], p[1], p[2])
		return [3]float64{float64(luma) + 3*noise.NormFloat64(), float64(cb) + noise.NormFloat64(), float64(cr) + noise.NormFloat64()}
	})
	fmt.Printf("a JPEG of %d bytes\n", len(file))
	decoder := mjpeg.Decoder{MinSide: minSide}
	return func() (pixel.Image, error) {
		decoded, err := decoder.Decode(file)
		return decoded.Image(decoded.Data), err
	}, nil
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
