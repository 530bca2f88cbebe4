// Package y4m reads YUV4MPEG2, the uncompressed video that ffmpeg, mpv and
// mjpegtools pipe to each other: a header line, then for each frame a line FRAME and
// the planes, see the manual page yuv4mpeg(5) of mjpegtools. It supports the
// layouts of cameras: 4:2:0 with 8 bits, and luma alone.
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

// Magic is the first word of every stream.
const Magic = "YUV4MPEG2"

const (
	// maxLine bounds a header line, in bytes. mjpegtools reads and writes at most
	// 256 (Y4M_LINE_MAX). It is also the size of the read buffer.
	maxLine = 4096

	// maxSide bounds the sides of a frame, in pixels. No sensor is larger.
	maxSide = 1 << 14

	// maxPixels bounds the area of a frame: 100 megapixels, as for files in
	// package picture, are 150 MB in 4:2:0.
	maxPixels = 100_000_000
)

// Reader reads a stream frame by frame.
type Reader struct {
	r      *bufio.Reader
	format pixel.Format
	number int // of the next frame, from 1, for errors
}

// NewReader reads the stream's header and returns a Reader of its frames.
func NewReader(r io.Reader) (*Reader, error) {
	y := &Reader{r: bufio.NewReaderSize(r, maxLine), number: 1}
	line, err := y.readLine()
	if err != nil {
		return nil, fmt.Errorf("Y4M header: %w", truncated(err))
	}
	if y.format, err = parseHeader(string(line)); err != nil {
		return nil, fmt.Errorf("Y4M header: %w", err)
	}
	return y, nil
}

// readLine returns the next line without its line end. It is valid until the next
// read.
func (y *Reader) readLine() ([]byte, error) {
	line, err := y.r.ReadSlice('\n')
	switch {
	case err == nil:
		return line[:len(line)-1], nil
	case errors.Is(err, bufio.ErrBufferFull):
		return nil, fmt.Errorf("the line has more than %d bytes", maxLine)
	case errors.Is(err, io.EOF) && len(line) > 0:
		return nil, io.ErrUnexpectedEOF
	}
	return nil, err
}

// truncated replaces the error of a stream that ends inside a header or a frame.
func truncated(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("truncated: %w", io.ErrUnexpectedEOF)
	}
	return err
}

// Format returns the format of all frames.
func (y *Reader) Format() pixel.Format { return y.format }

// Read returns the next frame, its planes one after the other. It uses the memory of
// buf if that suffices. The error after the last frame is io.EOF.
func (y *Reader) Read(buf []byte) ([]byte, error) {
	buf, err := y.readFrame(buf[:0])
	if err == nil {
		y.number++
		return buf, nil
	}
	if !errors.Is(err, io.EOF) {
		err = fmt.Errorf("frame %d of Y4M: %w", y.number, truncated(err))
	}
	return nil, err
}

// readFrame appends the next frame to buf. It returns io.EOF only between frames.
func (y *Reader) readFrame(buf []byte) ([]byte, error) {
	line, err := y.readLine()
	if err != nil {
		return nil, err
	}
	if word, _, _ := bytes.Cut(line, []byte(" ")); string(word) != "FRAME" {
		return nil, fmt.Errorf("expected the line FRAME, got %.20q: the previous frame does not have the size that the header says", line)
	}
	buf, err = boundedread.Append(buf, y.r, y.format.Size())
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return buf, err
}

// parseHeader parses the stream's parameters, each a letter followed by its value.
// The defaults are 4:2:0 (yuv4mpeg(5)) and, as for MPEG, limited range. There is
// no parameter for the matrix.
func parseHeader(line string) (pixel.Format, error) {
	f := pixel.Format{FourCC: pixel.YU12, Range: pixel.Limited}
	words := strings.Fields(line)
	if len(words) == 0 || words[0] != Magic {
		return f, fmt.Errorf("the stream does not start with %s", Magic)
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
		return f, errors.New("no size: the parameters W and H are required, in pixels")
	}
	if f.Width > maxPixels/f.Height {
		return f, fmt.Errorf("frames of %dx%d pixels exceed the limit of %d megapixels", f.Width, f.Height, maxPixels/1_000_000)
	}
	f.Stride = f.Width
	return f, nil
}

func parseSide(text string) (int, error) {
	side, err := strconv.Atoi(text)
	if err != nil || side < 1 || side > maxSide {
		return 0, fmt.Errorf("a side of %.20q pixels: expected 1…%d", text, maxSide)
	}
	return side, nil
}

// parseLayout parses the colour space. The 4:2:0 variants differ in the position
// of a chroma sample among its four pixels, by at most half a pixel. That is
// ignored.
func parseLayout(text string) (pixel.FourCC, error) {
	switch text {
	case "420jpeg", "420mpeg2", "420paldv", "420":
		return pixel.YU12, nil
	case "mono":
		return pixel.GREY, nil
	}
	return 0, fmt.Errorf("the layout %.20q is not supported: convert the video first, as with ffmpeg -pix_fmt yuv420p", "C"+text)
}

// parseExtension parses ffmpeg's extension for the range. It returns previous for
// all others.
func parseExtension(text string, previous pixel.Range) pixel.Range {
	switch text {
	case "COLORRANGE=FULL":
		return pixel.Full
	case "COLORRANGE=LIMITED":
		return pixel.Limited
	}
	return previous
}
