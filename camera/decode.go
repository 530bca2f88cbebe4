package camera

import (
	"context"
	"fmt"

	"halfmeg/camera/mjpeg"
	"halfmeg/camera/pixel"
)

// decoded is a source of JPEGs as one of packed RGB.
type decoded struct {
	Source
	decoder *mjpeg.Decoder
	frame   Frame
}

// maxBroken is how many frames in a row may be broken, before something else
// is taken to be wrong.
const maxBroken = 30

// decode gives a source whose frames are JPEGs packed RGB instead; others it
// leaves as they are.
func decode(s Source) Source {
	f := s.Format()
	if f.FourCC != pixel.MJPEG {
		return s
	}
	return &decoded{Source: s, decoder: mjpeg.NewDecoder(f.Width, f.Height)}
}

func (d *decoded) Format() Format {
	f := d.Source.Format()
	return Format{FourCC: RGB24, Width: f.Width, Height: f.Height, Stride: 3 * f.Width}
}

// Next drops frames that are broken, as USB's are now and then.
func (d *decoded) Next(ctx context.Context) (*Frame, error) {
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
	return nil, fmt.Errorf("%d frames in a row are broken: %w", maxBroken, broken)
}
