package picture

import "halfmeg/camera/internal/jpegcut"

// DecodeFrame decodes a JPEG of a stream, of at most 16 Mi pixels. Pix uses the
// memory of buf if that suffices; memory is allocated only for a frame that could be
// decoded. The Exif orientation is applied if upright is set. Bytes before the
// frame's start and after its end are ignored: drivers pad frames.
func DecodeFrame(buf, frame []byte, upright bool) (Image, error) {
	frame = jpegcut.Trim(frame)
	width, height, err := FrameSize(frame)
	if err != nil {
		return Image{}, err
	}
	img, err := jpegFormat.read(frame)
	if err != nil {
		return Image{}, jpegFormat.explain(err)
	}
	o := identity
	if upright {
		o = readOrientation(jpegExif(frame))
	}
	return toRGB(buf, img, width, height, o), nil
}

// DecodeRecorded decodes a JPEG of a recording, with the limits of picture files and
// with its Exif orientation. Pix uses the memory of buf if that suffices.
func DecodeRecorded(buf, frame []byte) (Image, error) {
	return jpegFormat.decode(buf, jpegcut.Trim(frame), limits{pixels: pixelLimit})
}

// IsUpright reports whether the Exif orientation of a JPEG leaves its pixels where they
// are.
func IsUpright(frame []byte) bool { return readOrientation(jpegExif(frame)) == identity }

// FrameSize returns the size in pixels from the header of a stream's JPEG.
func FrameSize(frame []byte) (width, height int, err error) {
	frame = jpegcut.Trim(frame)
	if err := checkJPEG(frame); err != nil {
		return 0, 0, err
	}
	return jpegFormat.size(frame, limits{pixels: framePixelLimit})
}
