package picture

import (
	"bytes"
	"fmt"
	"slices"
)

// DecodeFrame decodes a JPEG of a stream whose frames have width x height pixels,
// at most 16 Mi, to packed RGB of width*height*3 bytes. It uses the memory
// of buf if that suffices, and allocates only for a frame that could be decoded.
// Exif data are ignored: cameras do not set an orientation.
func DecodeFrame(buf, file []byte, width, height int) ([]byte, error) {
	w, h, err := FrameSize(file)
	if err != nil {
		return nil, err
	}
	if w != width || h != height {
		return nil, fmt.Errorf("a JPEG of %dx%d pixels in a stream of %dx%d", w, h, width, height)
	}
	img, err := jpegFormat.read(bytes.NewReader(file))
	if err != nil {
		return nil, jpegFormat.explain(err)
	}
	pix := slices.Grow(buf[:0], 3*width*height)[:3*width*height]
	readRow := rowReader(img)
	for y := range height {
		readRow(pix[3*width*y:][:3*width], y)
	}
	return pix, nil
}

// FrameSize returns the size in pixels from the header of a stream's JPEG.
func FrameSize(file []byte) (width, height int, err error) {
	if err := checkJPEG(file); err != nil {
		return 0, 0, err
	}
	return jpegFormat.size(file, framePixelLimit)
}
