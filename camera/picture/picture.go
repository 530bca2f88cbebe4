// Package picture decodes picture files, JPEG, PNG, GIF (its first frame) and
// BMP, to packed 8-bit RGB: upright, as the Exif orientation says, and
// opaque, anything transparent standing on white. A file is recognised by its
// content, never by its name. The files may come from anyone: every size is
// checked before memory is taken for it.
package picture

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"halfmeg/camera/pixel"
)

const (
	// MaxPixels is the largest picture that is decoded: 100 megapixels, which
	// are 300 MB as RGB; decoding a progressive JPEG may take five times as
	// much again for a while.
	MaxPixels = 100_000_000

	// MaxFramePixels is the largest picture of a stream, which anyone may send:
	// 16 megapixels, of 2^20 each, for cameras of that name have a few more.
	MaxFramePixels = 16 << 20

	// maxSide is the longest side.
	maxSide = 1 << 20

	// MaxBytes is the longest file that is read: 256 MiB.
	MaxBytes = 256 << 20
)

// Image is a decoded picture.
type Image struct {
	Width  int
	Height int
	Pix    []byte // red, green, blue of each pixel, row by row from the top left: Width*Height*3 bytes
}

// Pixels returns the picture as networks read it, without copying.
func (img *Image) Pixels() pixel.Image {
	return pixel.Format{FourCC: pixel.RGB24, Width: img.Width, Height: img.Height, Stride: 3 * img.Width}.Image(img.Pix)
}

// DecodeFile decodes the file of the given path. Errors name the file.
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

// withoutPath takes the system call and the path off an error of package os.
func withoutPath(err error) error {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err
	}
	return err
}

// Decode decodes one picture, reading r to its end.
func Decode(r io.Reader) (*Image, error) { return decode(r, MaxBytes, MaxPixels) }

// DecodeStream decodes one picture of at most MaxFramePixels, reading r to its
// end.
func DecodeStream(r io.Reader) (*Image, error) { return decode(r, MaxBytes, MaxFramePixels) }

func decode(r io.Reader, maxBytes, maxPixels int64) (*Image, error) {
	buffered := bufio.NewReader(r)
	head, err := buffered.Peek(headSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, withoutPath(err)
	}
	f, err := recognise(head)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(buffered, maxBytes+1))
	if err != nil {
		return nil, withoutPath(err)
	}
	if int64(len(data)) > maxBytes {
		return nil, fmt.Errorf("the %s file is longer than the limit of %d MiB", f.name, maxBytes>>20)
	}
	return f.decode(data, maxPixels)
}

// decode decodes a whole file of the format.
func (f *format) decode(data []byte, maxPixels int64) (*Image, error) {
	if f.check != nil {
		if err := f.check(data); err != nil {
			return nil, err
		}
	}
	width, height, err := f.size(data, maxPixels)
	if err != nil {
		return nil, err
	}
	img, err := f.read(bytes.NewReader(data))
	if err != nil {
		return nil, f.explain(err)
	}
	turn := upright
	if f.exif != nil {
		turn = readOrientation(f.exif(data))
	}
	return paint(img, width, height, turn), nil
}

// size reads the sides from a file's header, and checks them: by the limits,
// and by the file's length, for a decoder takes the memory of all pixels before
// it reads the first.
func (f *format) size(data []byte, maxPixels int64) (width, height int, err error) {
	header, err := f.readHeader(bytes.NewReader(data))
	if err != nil {
		return 0, 0, f.explain(err)
	}
	if header.Width < 1 || header.Height < 1 {
		return 0, 0, fmt.Errorf("an empty %s of %dx%d pixels", f.name, header.Width, header.Height)
	}
	if max(header.Width, header.Height) > maxSide {
		return 0, 0, fmt.Errorf("a %s of %dx%d pixels is beyond the limit of %d a side", f.name, header.Width, header.Height, maxSide)
	}
	if int64(header.Width) > maxPixels/int64(header.Height) {
		return 0, 0, fmt.Errorf("a %s of %dx%d pixels is beyond the limit of %d megapixels: scale it down first",
			f.name, header.Width, header.Height, maxPixels/1_000_000)
	}
	if f.density > 0 && int64(header.Width)*int64(header.Height) > f.density*int64(len(data)) {
		return 0, 0, fmt.Errorf("the %s is cut short: %d bytes cannot hold %dx%d pixels: %w",
			f.name, len(data), header.Width, header.Height, io.ErrUnexpectedEOF)
	}
	return header.Width, header.Height, nil
}
