package picture

import (
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/bmp"
)

// headSize is how many of a file's first bytes are enough to recognise it.
const headSize = 16

// format is a kind of picture file that can be decoded.
type format struct {
	name       string
	magic      string // the first bytes; ? stands for any byte
	readHeader func(io.Reader) (image.Config, error)
	read       func(io.Reader) (image.Image, error)
	density    int64                    // the most pixels that a byte of a file can hold; 0: not known
	check      func(file []byte) error  // names what read cannot do better than read does; may be nil
	exif       func(file []byte) []byte // finds the Exif data, a TIFF structure; may be nil
}

// jpegDensity: no Huffman code is shorter than a bit, and every block of 8x8
// samples has one for its first coefficient, in baseline and in progressive
// JPEGs. The blocks of one component are counted, the one that has all pixels.
const jpegDensity = 8 * 8 * 8

// bmpDensity: nothing is compressed in those that are read, and no pixel has
// less than a bit.
const bmpDensity = 8

var jpegFormat = &format{
	name: "JPEG", magic: "\xff\xd8", readHeader: jpeg.DecodeConfig, read: jpeg.Decode,
	density: jpegDensity, check: checkJPEG, exif: jpegExif,
}

var formats = []*format{
	jpegFormat,
	{name: "PNG", magic: "\x89PNG\r\n\x1a\n", readHeader: png.DecodeConfig, read: png.Decode, exif: pngExif},
	{name: "GIF", magic: "GIF8?a", readHeader: gif.DecodeConfig, read: gif.Decode},
	{name: "BMP", magic: "BM????\x00\x00\x00\x00", readHeader: bmp.DecodeConfig, read: bmp.Decode, density: bmpDensity},
}

// foreign lists kinds of picture that are only recognised, to be named: what
// phones, browsers and cameras hand people. The ISO media formats are told
// apart by the brand in their first box (ISO/IEC 14496-12, ftyp).
var foreign = []struct{ name, magic string }{
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

// ErrUnknown marks errors of files that are no pictures at all.
var ErrUnknown = errors.New("not a picture")

// recognise tells the format by a file's first bytes.
func recognise(head []byte) (*format, error) {
	if len(head) == 0 {
		return nil, fmt.Errorf("empty, %w", ErrUnknown)
	}
	for _, f := range formats {
		if matches(head, f.magic) {
			return f, nil
		}
	}
	for _, f := range foreign {
		if matches(head, f.magic) {
			return nil, notSupported(f.name + " pictures")
		}
	}
	return nil, fmt.Errorf("%w: starts with %q", ErrUnknown, head)
}

func notSupported(kind string) error {
	return fmt.Errorf("%s are not supported: convert it first, say with ImageMagick's `magick IN out.jpg`", kind)
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

// explain words a decoder's error for the person who gave the file.
func (f *format) explain(err error) error {
	const shortScan = jpeg.FormatError("short Huffman data")
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.Is(err, shortScan):
		return fmt.Errorf("the %s is cut short: %w", f.name, io.ErrUnexpectedEOF)
	case errors.Is(err, bmp.ErrUnsupported):
		return notSupported("BMP pictures of this kind")
	default:
		return fmt.Errorf("the %s cannot be decoded: %w", f.name, err)
	}
}
