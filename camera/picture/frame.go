package picture

import (
	"bytes"
	"fmt"
)

// DecodeFrame decodes a JPEG of a stream whose frames have width x height
// pixels to packed RGB, into pix of as many times three bytes. A camera does
// not turn its frames, so no orientation is looked for.
func DecodeFrame(pix, file []byte, width, height int) error {
	f := jpegFormat
	if err := f.check(file); err != nil {
		return err
	}
	header, err := f.readHeader(bytes.NewReader(file))
	if err != nil {
		return f.explain(err)
	}
	if header.Width != width || header.Height != height || len(pix) != 3*width*height {
		return fmt.Errorf("a JPEG of %dx%d pixels in a stream of %dx%d", header.Width, header.Height, width, height)
	}
	img, err := f.read(bytes.NewReader(file))
	if err != nil {
		return f.explain(err)
	}
	readRow := rowReader(img)
	for y := range height {
		readRow(pix[3*width*y:][:3*width], y)
	}
	return nil
}

// FrameSize is the size in pixels of a JPEG of a stream, by its header.
func FrameSize(file []byte) (width, height int, err error) {
	f := jpegFormat
	if err := f.check(file); err != nil {
		return 0, 0, err
	}
	return f.size(file, MaxPixels)
}
