// Package y4m reads YUV4MPEG2, the uncompressed video that ffmpeg, mpv and the
// mjpegtools hand from one to the other: a header line, then for each frame
// the line FRAME and its planes (the manual page yuv4mpeg(5)). The layouts are
// those of cameras: 4:2:0 with 8 bits, and luma alone.
package y4m

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"halfmeg/camera/internal/boundedread"
	"halfmeg/camera/pixel"
)

// Magic is what every such stream starts with.
const Magic = "YUV4MPEG2"

const (
	// maxLine is the longest header that is read, in bytes.
	maxLine = 4096

	// maxSide and maxPixels are the largest frames that are read.
	maxSide   = 1 << 14
	maxPixels = 100_000_000
)

// Reader reads a stream frame by frame.
type Reader struct {
	r      *bufio.Reader
	format pixel.Format
	number int // of the next frame, from 1
}

// NewReader reads the stream's header.
func NewReader(r io.Reader) (*Reader, error) {
	y := &Reader{r: bufio.NewReaderSize(r, maxLine), number: 1}
	line, err := y.line()
	if err != nil {
		return nil, fmt.Errorf("the header of Y4M: %w", whole(err))
	}
	if y.format, err = parseHeader(string(line)); err != nil {
		return nil, fmt.Errorf("the header of Y4M: %w", err)
	}
	return y, nil
}

// line reads a line, and gives it without its end. It is valid until the next
// read.
func (y *Reader) line() ([]byte, error) {
	line, err := y.r.ReadSlice('\n')
	switch {
	case err == nil:
		return line[:len(line)-1], nil
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, fmt.Errorf("a line of more than %d bytes", maxLine)
	case errors.Is(err, io.EOF) && len(line) > 0:
		return nil, io.ErrUnexpectedEOF
	}
	return nil, err
}

// whole is the error of something that ought to be there.
func whole(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("cut short: %w", io.ErrUnexpectedEOF)
	}
	return err
}

// Format is that of all frames.
func (y *Reader) Format() pixel.Format { return y.format }

// Read reads the next frame into the memory of buf, which it replaces where it
// is too small. The error after the last frame is io.EOF.
func (y *Reader) Read(buf []byte) ([]byte, error) {
	buf, err := y.read(buf[:0])
	if err == nil {
		y.number++
		return buf, nil
	}
	if !errors.Is(err, io.EOF) {
		err = fmt.Errorf("frame %d of Y4M: %w", y.number, whole(err))
	}
	return nil, err
}

func (y *Reader) read(buf []byte) ([]byte, error) {
	line, err := y.line()
	if err != nil {
		return nil, err
	}
	if word, _, _ := bytes.Cut(line, []byte(" ")); string(word) != "FRAME" {
		return nil, fmt.Errorf("the line FRAME is not there, but %.20q: the frame before had another size than the header says", line)
	}
	buf, err = boundedread.Append(buf, y.r, y.format.Size())
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return buf, err
}

// parseHeader reads the stream's parameters, each a letter and its value.
// Without a word on it, pictures are of the limited range, as in MPEG; there
// is none on the matrix.
func parseHeader(line string) (pixel.Format, error) {
	f := pixel.Format{FourCC: pixel.YU12, Range: pixel.Limited}
	words := strings.Fields(line)
	if len(words) == 0 || words[0] != Magic {
		return f, fmt.Errorf("it does not start with %s", Magic)
	}
	for _, word := range words[1:] {
		var err error
		switch value := word[1:]; word[0] {
		case 'W':
			f.Width, err = parseSide(value)
		case 'H':
			f.Height, err = parseSide(value)
		case 'C':
			f.FourCC, err = parseLayout(value)
		case 'X':
			f.Range = parseExtension(value, f.Range)
		}
		if err != nil {
			return f, err
		}
	}
	if f.Width == 0 || f.Height == 0 {
		return f, errors.New("no size: W and H are to give it in pixels")
	}
	if f.Width > maxPixels/f.Height {
		return f, fmt.Errorf("frames of %dx%d pixels are beyond the limit of %d megapixels", f.Width, f.Height, maxPixels/1_000_000)
	}
	f.Stride = f.Width
	return f, nil
}

func parseSide(text string) (int, error) {
	side, err := strconv.Atoi(text)
	if err != nil || side < 1 || side > maxSide {
		return 0, fmt.Errorf("a side of %.20q pixels: 1…%d can be read", text, maxSide)
	}
	return side, nil
}

// parseLayout reads the colour space. Those of 4:2:0 tell where in its four
// pixels a chroma sample lies, half a pixel this way or that.
func parseLayout(text string) (pixel.FourCC, error) {
	switch text {
	case "420jpeg", "420mpeg2", "420paldv", "420":
		return pixel.YU12, nil
	case "mono":
		return pixel.GREY, nil
	}
	return 0, fmt.Errorf("the layout %.20q is not supported: convert it first, say with ffmpeg's -pix_fmt yuv420p", "C"+text)
}

// parseExtension reads what ffmpeg adds on the range.
func parseExtension(text string, otherwise pixel.Range) pixel.Range {
	switch text {
	case "COLORRANGE=FULL":
		return pixel.Full
	case "COLORRANGE=LIMITED":
		return pixel.Limited
	}
	return otherwise
}
