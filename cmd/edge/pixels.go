package main

import (
	"fmt"

	"halfmeg/camera"
	"halfmeg/camera/picture"
	"halfmeg/model"
)

// Cameras know of no network and networks of no camera: here what the one
// hands out becomes what the other takes. Nothing is copied.

func picturePixels(p *picture.Image) model.Pixels {
	return model.Pixels{
		Format: model.RGB24,
		Width:  p.Width,
		Height: p.Height,
		Data:   p.Pix,
		Stride: 3 * p.Width,
	}
}

func framePixels(f *camera.Frame) (model.Pixels, error) {
	if f.Pixels != camera.RGB24 {
		return model.Pixels{}, fmt.Errorf("the camera's pixel format %v is not supported yet: ask for another, as --format RGB3", f.Pixels)
	}
	return model.Pixels{
		Format: model.RGB24,
		Width:  f.Width,
		Height: f.Height,
		Data:   f.Data,
		Stride: f.Stride,
	}, nil
}
