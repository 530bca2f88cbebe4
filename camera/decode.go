package camera

import (
	"context"
	"fmt"

	"halfmeg/camera/mjpeg"
	"halfmeg/camera/pixel"
)

// jpegDecoder turns a source of JPEGs into one of packed RGB.
type jpegDecoder struct {
	Source
	decoder *mjpeg.Decoder
	frame   Frame
}

// maxBroken is how many consecutive frames may be broken: single ones are
// normal over USB, a second's worth means that something else is wrong.
const maxBroken = 30

// decodeJPEG returns a source that decodes JPEGs to packed RGB. Other sources
// are returned as they are.
func decodeJPEG(s Source) Source {
	f := s.Format()
	if f.FourCC != pixel.MJPEG {
		return s
	}
	return &jpegDecoder{Source: s, decoder: mjpeg.NewDecoder(f.Width, f.Height)}
}

func (d *jpegDecoder) Format() Format {
	f := d.Source.Format()
	return Format{FourCC: RGB24, Width: f.Width, Height: f.Height, Stride: 3 * f.Width}
}

// Next skips broken frames.
func (d *jpegDecoder) Next(ctx context.Context) (*Frame, error) {
	var broken error
	for range maxBroken {
		frame, err := d.Source.Next(ctx)
		if err != nil {
			return nil, err
		}
		pix, err := d.decoder.Decode(frame.Data)
		if err != nil {
			broken = err
			continue
		}
		d.frame = *frame
		d.frame.Format = d.Format()
		d.frame.Data = pix
		return &d.frame, nil
	}
	return nil, fmt.Errorf("%d consecutive frames are broken: %w", maxBroken, broken)
}
