// Package mjpeg decodes the frames of cameras that compress each frame as a JPEG.
// Such frames may lack what a JPEG file must have: the Huffman tables, the end
// marker. Each may have another size.
package mjpeg

import "halfmeg/camera/picture"

// Decoder decodes frames. The zero value is ready to use. It reuses its buffer; the
// garbage that image/jpeg leaves for each frame is smaller than the frame as RGB.
type Decoder struct {
	// Upright applies the Exif orientation. Cameras do not set one, pictures do.
	Upright bool

	pix []byte // the decoded frame; nil before the first
}

// Decode decodes a frame. The result is valid until the next call. Bytes before the
// frame's start and after its end are ignored: drivers pad frames.
func (d *Decoder) Decode(frame []byte) (picture.Image, error) {
	img, err := picture.DecodeFrame(d.pix, frame, d.Upright)
	if err != nil {
		return picture.Image{}, err
	}
	d.pix = img.Pix
	return img, nil
}
