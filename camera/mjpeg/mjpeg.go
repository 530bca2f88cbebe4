// Package mjpeg decodes the frames of cameras that compress each frame as a JPEG.
// Such frames may lack what a JPEG file must have: the Huffman tables, the end
// marker. Each may have another size.
//
// Package baseline decodes nearly all of them, to planes of Y, Cb and Cr. What it does
// not support, package image/jpeg decodes to RGB. The error of a truncated or damaged
// frame of a common kind is baseline.ErrDamaged. image/jpeg does not decode it again: it
// ignores bytes that are left over, and may return half a picture.
package mjpeg

import (
	"errors"

	"halfmeg/camera/baseline"
	"halfmeg/camera/internal/jpegcut"
	"halfmeg/camera/picture"
	"halfmeg/camera/pixel"
)

// Decoder decodes frames. The zero value is ready to use. It reuses its buffers: frames
// of the common kinds are decoded without allocating.
type Decoder struct {
	// Upright applies the Exif orientation. Cameras do not set one, pictures do.
	Upright bool

	// MinSide permits smaller pictures than the frame: scaled down to 1/2, 1/4 or 1/8 as
	// long as both sides keep at least this number of pixels. That takes less time. 0:
	// not scaled. Frames of uncommon kinds are not scaled.
	MinSide int

	planes baseline.Decoder
	rgb    []byte // the last frame of an uncommon kind
}

// Picture is a decoded frame: planes or packed RGB.
type Picture struct {
	pixel.Format
	Data []byte

	// JPEG is the part of the frame that is the picture. If the frame lacks the end
	// marker, stale bytes of a driver's buffer are cut off; those after the end marker
	// may remain in frames of uncommon kinds.
	JPEG []byte
}

// Decode decodes a frame. The result is valid until the next call. Bytes before the
// frame's start and after its end are ignored: drivers pad frames. A damaged or
// truncated frame is an error.
func (d *Decoder) Decode(frame []byte) (Picture, error) {
	frame = jpegcut.Trim(frame)
	if !d.Upright || picture.IsUpright(frame) {
		d.planes.MinSide = d.MinSide
		format, data, length, err := d.planes.Decode(frame)
		switch {
		case err == nil:
			return Picture{format, data, frame[:length]}, nil
		case errors.Is(err, baseline.ErrDamaged): // image/jpeg may show half a picture
			return Picture{}, err
		}
	}
	img, err := picture.DecodeFrame(d.rgb, frame, d.Upright)
	if err != nil {
		return Picture{}, err
	}
	d.rgb = img.Pix
	format := pixel.Format{FourCC: pixel.RGB24, Width: img.Width, Height: img.Height, Stride: 3 * img.Width}
	return Picture{format, img.Pix, frame}, nil
}
