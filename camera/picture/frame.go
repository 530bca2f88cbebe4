package picture

import (
	"bytes"
	"fmt"
	"slices"
)

// DecodeFrame decodes a JPEG of a stream whose frames have width x height
// pixels, at most MaxFramePixels, to packed RGB of as many times three bytes.
// They lie in the memory of buf where it is enough; more is taken only for a
// frame that is whole. A camera does not turn its frames, so no orientation is
// looked for.
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

// FrameSize is the size in pixels of a JPEG of a stream, by its header.
func FrameSize(file []byte) (width, height int, err error) {
	if err := checkJPEG(file); err != nil {
		return 0, 0, err
	}
	return jpegFormat.size(file, MaxFramePixels)
}
