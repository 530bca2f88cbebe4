package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
)

// MagicSize is the number of bytes needed to recognise a format.
const MagicSize = 16

// format is a supported file format.
type format struct {
	name       string
	magic      string // the first bytes; ? matches any byte
	readHeader func(io.Reader) (image.Config, error)
	read       func(file []byte) (image.Image, error)
	density    int64                    // upper bound of pixels per byte of a file; 0: unknown
	check      func(file []byte) error  // rejects files that read does not support, with a better error; may be nil
	exif       func(file []byte) []byte // returns the Exif data, a TIFF structure; may be nil
}

// jpegDensity: in baseline and progressive JPEGs every block of 8x8 samples has a
// Huffman code of at least one bit for its DC coefficient. Only the blocks of the
// component with full resolution are counted.
const jpegDensity = 8 * 8 * 8

// bmpDensity: the supported files are not compressed and have at least one bit per
// pixel.
const bmpDensity = 8

var jpegFormat = &format{
	name: "JPEG", magic: "\xff\xd8", readHeader: jpeg.DecodeConfig, read: readJPEG,
	density: jpegDensity, check: checkJPEG, exif: jpegExif,
}

// fromReader adapts a decoder of the standard library.
func fromReader(decode func(io.Reader) (image.Image, error)) func([]byte) (image.Image, error) {
	return func(file []byte) (image.Image, error) { return decode(bytes.NewReader(file)) }
}

var formats = []*format{
	jpegFormat,
	{name: "PNG", magic: "\x89PNG\r\n\x1a\n", readHeader: png.DecodeConfig, read: fromReader(png.Decode), exif: pngExif},
	{name: "GIF", magic: "GIF8?a", readHeader: gif.DecodeConfig, read: fromReader(gif.Decode)},
	{name: "BMP", magic: "BM????\x00\x00\x00\x00", readHeader: bmp.DecodeConfig, read: fromReader(bmp.Decode), density: bmpDensity},
}

// unsupportedFormats are recognised only to name them in the error: common formats
// of phones, browsers and cameras. The ISO media formats differ in the brand of
// their first box (ISO/IEC 14496-12, ftyp).
var unsupportedFormats = []struct{ name, magic string }{
	{"WebP", "RIFF????WEBP"},
	{"AVIF", "????ftypavif"},
	{"AVIF", "????ftypavis"},
	{"HEIC", "????ftyphei?"},
	{"HEIC", "????ftyphev?"},
	{"HEIF", "????ftypmif1"},
	{"HEIF", "????ftypmsf1"},
	{"JPEG XL", "\xff\x0a"},
	{"JPEG XL", "\x00\x00\x00\x0cJXL \r\n\x87\n"},
	{"JPEG 2000", "\x00\x00\x00\x0cjP  \r\n\x87\n"},
	{"TIFF and raw", "II*\x00"},
	{"TIFF and raw", "MM\x00*"},
}

// ErrUnknown marks the error of a file in no known format.
var ErrUnknown = errors.New("not a picture")

// recognise identifies the format by a file's first bytes.
func recognise(head []byte) (*format, error) {
	if len(head) == 0 {
		return nil, fmt.Errorf("empty, %w", ErrUnknown)
	}
	for _, f := range formats {
		if matches(head, f.magic) {
			return f, nil
		}
	}
	for _, f := range unsupportedFormats {
		if matches(head, f.magic) {
			return nil, notSupported(f.name + " pictures")
		}
	}
	return nil, fmt.Errorf("%w: starts with %q", ErrUnknown, head[:min(len(head), MagicSize)])
}

// FormatName names the format of a picture by a file's first MagicSize bytes, whether
// Decode supports it or not. It is empty if they are the start of no known format.
func FormatName(head []byte) string {
	for _, f := range formats {
		if matches(head, f.magic) {
			return f.name
		}
	}
	for _, f := range unsupportedFormats {
		if matches(head, f.magic) {
			return f.name
		}
	}
	return ""
}

func notSupported(kind string) error {
	return fmt.Errorf("%s are not supported: convert it first, for example with ImageMagick's `magick IN out.jpg`", kind)
}

func matches(head []byte, magic string) bool {
	if len(head) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if magic[i] != '?' && magic[i] != head[i] {
			return false
		}
	}
	return true
}

// explain rewords a decoder's error for the user.
func (f *format) explain(err error) error {
	const shortScan = jpeg.FormatError("short Huffman data")
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, shortScan):
		return fmt.Errorf("the %s is truncated: %w", f.name, io.ErrUnexpectedEOF)
	case errors.Is(err, bmp.ErrUnsupported):
		return notSupported("BMP pictures of this kind")
	default:
		return fmt.Errorf("the %s cannot be decoded: %w", f.name, err)
	}
}
