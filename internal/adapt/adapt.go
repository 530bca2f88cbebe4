// Package adapt hands what a camera or a picture file gives to what a network
// takes. Cameras know of no network and networks of no camera; nothing is
// copied on the way.
package adapt

import (
	"fmt"

	"halfmeg/camera"
	"halfmeg/camera/picture"
	"halfmeg/camera/pixel"
	"halfmeg/model/prep"
)

// Picture is a picture file as a network takes it.
func Picture(p *picture.Image) prep.Pixels {
	return prep.Pixels{
		Format: prep.RGB24,
		Width:  p.Width,
		Height: p.Height,
		Data:   p.Pix,
		Stride: 3 * p.Width,
	}
}

// layouts are the camera's pixel formats that networks read. Whatever else
// there is, as JPEGs, the camera has decoded.
var layouts = map[pixel.Code]prep.Format{
	pixel.YUYV:  prep.YUYV,
	pixel.UYVY:  prep.UYVY,
	pixel.NV12:  prep.NV12,
	pixel.NV21:  prep.NV21,
	pixel.YU12:  prep.YU12,
	pixel.RGB24: prep.RGB24,
	pixel.BGR24: prep.BGR24,
	pixel.GREY:  prep.GREY,
}

// Frame is a camera's frame as a network takes it. Networks read RGB24 and
// BGR24 as of the full range: of what gives them in the limited one, as some
// HDMI grabbers do, black stays a little grey and white a little dull.
func Frame(f *camera.Frame) (prep.Pixels, error) {
	format, ok := layouts[f.Pixels]
	if !ok {
		return prep.Pixels{}, fmt.Errorf("the camera's pixel format %v is not supported: ask for another, as --format YUYV", f.Pixels)
	}
	p := prep.Contiguous(format, f.Width, f.Height, f.Stride, f.Data)
	if f.Matrix == pixel.BT709 {
		p.Matrix = prep.BT709
	}
	if f.Range == pixel.Full {
		p.Range = prep.Full
	}
	return p, nil
}
