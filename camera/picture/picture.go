// Package picture decodes JPEG, PNG, GIF (the first frame) and BMP files to packed
// 8-bit RGB. It applies the Exif orientation and composites transparent pixels on
// white. A file's format is recognised by its content, not its name. Files are not
// trusted: sizes are checked before memory is allocated.
package picture

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"halfmeg/camera/internal/jpegcut"
	"halfmeg/camera/pixel"
)

const (
	// pixelLimit bounds a picture's size: 100 megapixels, which take 300 MB as RGB.
	// Decoding a progressive JPEG may need five times as much in addition, so the
	// memory is checked, too.
	pixelLimit = 100_000_000

	// framePixelLimit bounds a picture's size in a stream, whose sender is not
	// trusted: 16 Mi pixels, because "16 megapixel" cameras have a few more than 16
	// million.
	framePixelLimit = 16 << 20

	// maxSide bounds a picture's sides in pixels.
	maxSide = 1 << 20

	// byteLimit bounds a file's length: 256 MiB.
	byteLimit = 256 << 20
)

// Image is a decoded picture.
type Image struct {
	Width  int
	Height int
	Pix    []byte // packed RGB, row by row from the top: Width*Height*3 bytes
}

// Pixels describes the picture for preprocessing. It does not copy.
func (img *Image) Pixels() pixel.Image {
	return pixel.Format{FourCC: pixel.RGB24, Width: img.Width, Height: img.Height, Stride: 3 * img.Width}.Image(img.Pix)
}

// DecodeFile decodes the file at path. Errors name the file.
func DecodeFile(path string) (*Image, error) {
	img, err := decodeFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return img, nil
}

func decodeFile(path string) (*Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, withoutPath(err)
	}
	if info.IsDir() {
		return nil, errors.New("a directory, not a picture")
	}
	return Decode(f)
}

// withoutPath removes the system call and the path from an error of package os.
func withoutPath(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

// Decode decodes one picture. Of a stream of JPEGs it reads the first one.
func Decode(r io.Reader) (*Image, error) { return decode(r, byteLimit, limits{pixels: pixelLimit}) }

// DecodeStream decodes one picture of at most 16 Mi pixels, from a sender that is not
// trusted.
func DecodeStream(r io.Reader) (*Image, error) {
	return decode(r, byteLimit, limits{pixels: framePixelLimit})
}

// ErrMemory marks the error of a picture that DecodeWithin does not decode.
var ErrMemory = errors.New("too large")

// DecodeWithin is DecodeStream for pictures that take at most maxMemory bytes to be
// decoded; the error of any other matches ErrMemory.
func DecodeWithin(r io.Reader, maxMemory int64) (*Image, error) {
	return decode(r, byteLimit, limits{pixels: framePixelLimit, memory: maxMemory})
}

// limits bound a picture.
type limits struct {
	pixels int64
	memory int64 // to decode it, in bytes; 0: what is available
}

func decode(r io.Reader, maxBytes int64, most limits) (*Image, error) {
	buffered := bufio.NewReader(r)
	head, err := buffered.Peek(HeadSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, withoutPath(err)
	}
	f := jpegFormat
	if IndexJPEG(head) < 0 {
		if f, err = recognise(head); err != nil {
			return nil, err
		}
	}
	data, err := f.readFile(buffered, maxBytes)
	if err != nil {
		return nil, withoutPath(err)
	}
	img, err := f.decode(nil, data, most)
	if err != nil {
		return nil, err
	}
	return &img, nil
}

// readFile reads a JPEG from its start to its end, and any other file whole.
func (f *format) readFile(r *bufio.Reader, maxBytes int64) ([]byte, error) {
	if f == jpegFormat {
		data, err := jpegcut.NewReader(r, int(maxBytes)).Next(nil)
		if errors.Is(err, io.EOF) { // a start marker and nothing else
			err = f.explain(err)
		}
		return data, err
	}
	data, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err == nil && int64(len(data)) > maxBytes {
		err = fmt.Errorf("the %s file is longer than the limit of %d MiB", f.name, maxBytes>>20)
	}
	return data, err
}

// decode decodes a complete file of the format. Pix uses the memory of buf if that
// suffices.
func (f *format) decode(buf, data []byte, most limits) (Image, error) {
	if f.check != nil {
		if err := f.check(data); err != nil {
			return Image{}, err
		}
	}
	width, height, err := f.size(data, most)
	if err != nil {
		return Image{}, err
	}
	img, err := f.read(data)
	if err != nil {
		return Image{}, f.explain(err)
	}
	o := identity
	if f.exif != nil {
		o = readOrientation(f.exif(data))
	}
	return toRGB(buf, img, width, height, o), nil
}

// size reads the size from a file's header. It checks it against the limits, against
// the file's length and against the memory that is available, because decoders allocate memory for all pixels before
// they read the first.
func (f *format) size(data []byte, most limits) (width, height int, err error) {
	header, err := f.readHeader(bytes.NewReader(data))
	if err != nil {
		return 0, 0, f.explain(err)
	}
	if header.Width < 1 || header.Height < 1 {
		return 0, 0, fmt.Errorf("an empty %s of %dx%d pixels", f.name, header.Width, header.Height)
	}
	if max(header.Width, header.Height) > maxSide {
		return 0, 0, fmt.Errorf("a %s of %dx%d pixels exceeds the limit of %d per side", f.name, header.Width, header.Height, maxSide)
	}
	if int64(header.Width) > most.pixels/int64(header.Height) {
		return 0, 0, fmt.Errorf("a %s of %dx%d pixels exceeds the limit of %d megapixels: scale it down first",
			f.name, header.Width, header.Height, most.pixels/1_000_000)
	}
	if f.density > 0 && int64(header.Width)*int64(header.Height) > f.density*int64(len(data)) {
		return 0, 0, fmt.Errorf("the %s is truncated: %d bytes cannot hold %dx%d pixels: %w",
			f.name, len(data), header.Width, header.Height, io.ErrUnexpectedEOF)
	}
	if err := f.checkMemory(data, header, most.memory); err != nil {
		return 0, 0, err
	}
	return header.Width, header.Height, nil
}
