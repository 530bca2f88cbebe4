package camera

import (
	"context"
	"errors"
	"fmt"
	"io"

	"halfmeg/camera/mjpeg"
	"halfmeg/camera/pixel"
)

// jpegDecoder decodes the JPEGs of a source.
type jpegDecoder struct {
	Source
	input   string // name of a pipe, whose errors are permanent; empty for a camera
	decoder mjpeg.Decoder
	broken  error // of the last frame if none could be decoded yet
	decoded bool  // whether a frame could be decoded
	frame   Frame
}

// maxBroken is how many consecutive frames may be broken: single ones are
// normal over USB, a second's worth means that something else is wrong.
const maxBroken = 30

// decodeJPEG returns a source that decodes JPEGs. Other sources are returned as they
// are.
func decodeJPEG(s Source, minSide int) Source {
	f := s.Format()
	if f.FourCC != pixel.MJPEG {
		return s
	}
	return &jpegDecoder{Source: s, decoder: mjpeg.Decoder{MinSide: minSide}, frame: Frame{Format: f}}
}

// rgbFormat is packed RGB without padding.
func rgbFormat(width, height int) Format {
	return Format{FourCC: RGB24, Width: width, Height: height, Stride: 3 * width}
}

// Format returns the format of the last frame; before the first, that of the JPEGs as
// the source promises it, which need not be true.
func (d *jpegDecoder) Format() Format { return d.frame.Format }

// Next skips broken frames. If no frame could be decoded, it returns their error
// at the end of the source.
func (d *jpegDecoder) Next(ctx context.Context) (*Frame, error) {
	for range maxBroken {
		frame, err := d.Source.Next(ctx)
		if errors.Is(err, io.EOF) && d.broken != nil && !d.decoded {
			return nil, d.failed(fmt.Errorf("no frame could be decoded: %w", d.broken))
		}
		if err != nil {
			return nil, err
		}
		decoded, err := d.decoder.Decode(frame.Data)
		if err != nil {
			d.broken = err
			continue
		}
		d.decoded = true
		d.frame = *frame
		d.frame.Format, d.frame.Data, d.frame.JPEG = decoded.Format, decoded.Data, decoded.JPEG
		return &d.frame, nil
	}
	return nil, d.failed(fmt.Errorf("%d consecutive frames are broken: %w", maxBroken, d.broken))
}

func (d *jpegDecoder) failed(err error) error {
	if d.input == "" {
		return err
	}
	return permanent{fmt.Errorf("%s: %w", d.input, err)}
}
