package camera

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"halfmeg/camera/ffmpeg"
	"halfmeg/camera/internal/boundedread"
	"halfmeg/camera/internal/idle"
	"halfmeg/camera/internal/newest"
	"halfmeg/camera/mjpeg"
	"halfmeg/camera/picture"
	"halfmeg/camera/pixel"
	"halfmeg/camera/y4m"
)

// Errors of files and of standard input are permanent: a file that cannot be
// read now cannot be read later.

// fileSource returns every frame of a file.
type fileSource struct {
	name   string
	read   frameReader
	file   io.Closer
	frame  Frame
	next   uint64
	closed bool
}

// frameReader reads the next frame into the memory of buf, or into new memory.
type frameReader func(buf []byte) ([]byte, error)

// openFile opens a folder, a file or a pipe by its path.
func openFile(ctx context.Context, path string, o Options) (Source, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, permanent{err}
	}
	if info.IsDir() {
		return openFolder(path, o)
	}
	if !info.Mode().IsRegular() {
		return openPipe(ctx, path, func() (io.ReadCloser, error) { return os.Open(path) }, o)
	}
	if err := o.rejectUnsupported(path, "a file", OptionSize, OptionFourCC, OptionLoop); err != nil {
		return nil, err
	}
	return openLooping(func() (Source, error) {
		file, err := os.Open(path)
		if err != nil {
			return nil, permanent{err}
		}
		source, err := newRegularSource(path, file, o)
		var content *ContentError
		if errors.As(err, &content) && ffmpeg.IsFile(path) {
			return openVideoFile(path, o, err)
		}
		return source, err
	}, o.Loop)
}

// openStandardInput reads a regular file as a file and anything else as a
// stream.
func openStandardInput(ctx context.Context, stdin *os.File, o Options) (Source, error) {
	const name = "standard input"
	if err := o.rejectForPipe(name); err != nil {
		return nil, err
	}
	if info, err := stdin.Stat(); err == nil && info.Mode().IsRegular() {
		return newRegularSource(name, stdin, o)
	}
	return openPipe(ctx, name, func() (io.ReadCloser, error) { return stdin, nil }, o)
}

// rejectForPipe returns the error of options that a pipe does not support.
func (o Options) rejectForPipe(name string) error {
	return o.rejectUnsupported(name, "a pipe", OptionSize, OptionFourCC)
}

// newRegularSource reads a regular file. It closes the file if it fails.
func newRegularSource(name string, file io.ReadCloser, o Options) (Source, error) {
	s, err := newFileSource(name, file, regularFile, o)
	if err != nil {
		return nil, err
	}
	if s.frame.FourCC == pixel.MJPEG {
		return newRecording(s, o)
	}
	return unpack(s), nil
}

// newFileSource recognises the content of a file. It closes the file if it fails.
func newFileSource(name string, file io.ReadCloser, kind contentKind, o Options) (*fileSource, error) {
	format, read, err := detectContent(file, kind, o)
	if err != nil {
		_ = file.Close() // it was only read
		if errors.Is(err, picture.ErrUnknown) {
			return nil, &ContentError{Name: name, Err: err}
		}
		return nil, permanent{fmt.Errorf("%s: %w", name, err)}
	}
	return &fileSource{name: name, read: requireFrame(read), file: file, frame: Frame{Format: format}}, nil
}

// errNoFrame is the error of an input that ends without a frame: often the output
// of a program that has failed.
var errNoFrame = errors.New("no frames: the input ended before the first one")

// requireFrame returns a reader with errNoFrame instead of io.EOF for a first frame.
func requireFrame(read frameReader) frameReader {
	came := false
	return func(buf []byte) ([]byte, error) {
		data, err := read(buf)
		if errors.Is(err, io.EOF) && !came {
			return nil, errNoFrame
		}
		came = true
		return data, err
	}
}

func (s *fileSource) Format() Format { return s.frame.Format }

func (s *fileSource) Next(ctx context.Context) (*Frame, error) {
	if s.closed {
		return nil, fmt.Errorf("%s: %w", s.name, fs.ErrClosed)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	data, err := s.read(s.frame.Data)
	if err != nil {
		return nil, s.readError(err)
	}
	s.frame.Data, s.frame.Time, s.frame.Sequence = data, time.Now(), s.next
	s.next++
	return &s.frame, nil
}

func (s *fileSource) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	return s.file.Close()
}

// readError is io.EOF after the last frame, else a permanent error.
func (s *fileSource) readError(err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return permanent{fmt.Errorf("%s: %w", s.name, err)}
}

// contentKind is how the content of a kind of file is read.
type contentKind struct {
	decode    func(io.Reader) (*picture.Image, error)
	readJPEGs func(*bufio.Reader) (Format, frameReader, error)
}

// The sender of a pipe is not trusted: its limits are lower.
var (
	regularFile = contentKind{picture.Decode, readRecording}
	pipe        = contentKind{picture.DecodeStream, readJPEGStream}
)

// readAhead is the size of the buffer of a file in bytes, enough to recognise it.
const readAhead = 64 << 10

// detectContent recognises a file by its content: Y4M, consecutive JPEGs or another
// picture. If the options have a size and a format it is raw frames, which may
// start with any bytes.
func detectContent(r io.Reader, kind contentKind, o Options) (Format, frameReader, error) {
	buffered := bufio.NewReaderSize(r, readAhead)
	head, err := buffered.Peek(len(y4m.Magic))
	if err != nil && !errors.Is(err, io.EOF) {
		return Format{}, nil, err
	}
	isJPEG := o.FourCC.IsJPEG()
	switch {
	case string(head) == y4m.Magic:
		format, read, err := readY4M(buffered)
		return checked(format, read, err, o)
	case o.FourCC != 0 && o.Width != 0 && !isJPEG:
		return readRaw(buffered, o)
	}
	found, err := findJPEG(buffered)
	if err != nil {
		return Format{}, nil, err
	}
	switch {
	case found:
	case o.Width != 0 && isJPEG:
		return readRaw(buffered, o)
	default:
		format, read, err := readPicture(buffered, kind.decode)
		return checked(format, read, err, o)
	}
	format, read, err := kind.readJPEGs(buffered)
	if err == nil {
		err = o.checkJPEG(format)
	}
	return format, read, err
}

// findJPEG reports whether a JPEG starts within the first bytes. It reads no more
// bytes of a pipe than are needed to decide.
func findJPEG(r *bufio.Reader) (bool, error) {
	for n := 1; ; n = min(max(n+1, r.Buffered()), picture.HeadSize) {
		head, err := r.Peek(n)
		if picture.IndexJPEG(head) >= 0 {
			return true, nil
		}
		switch {
		case errors.Is(err, io.EOF) || err == nil && n == picture.HeadSize:
			return false, nil
		case err != nil:
			return false, err
		}
	}
}

// checked returns the error of a format that is not the one requested.
func checked(f Format, read frameReader, err error, o Options) (Format, frameReader, error) {
	if err == nil {
		err = o.checkFormat(f)
	}
	return f, read, err
}

func readY4M(r io.Reader) (Format, frameReader, error) {
	reader, err := y4m.NewReader(r)
	if err != nil {
		return Format{}, nil, err
	}
	return reader.Format(), reader.Read, nil
}

// readRaw reads consecutive frames without padding. YCbCr is assumed to have
// limited range, which is the most common.
func readRaw(r io.Reader, o Options) (Format, frameReader, error) {
	format := Format{FourCC: o.FourCC, Width: o.Width, Height: o.Height}
	format.Stride = format.MinStride()
	size := format.Size()
	if size == 0 {
		return format, nil, fmt.Errorf("raw frames of %v cannot be read: their length is unknown", o.FourCC)
	}
	if format.Stride > format.Width && (o.FourCC == pixel.NV12 || o.FourCC == pixel.NV21) {
		return format, nil, fmt.Errorf("raw frames of %v must have an even width", o.FourCC)
	}
	if o.FourCC.IsYCbCr() && o.FourCC.Unpacked() != pixel.GREY {
		format.Range = pixel.Limited
	}
	number := 0
	return format, func(buf []byte) ([]byte, error) {
		number++
		buf, err := boundedread.Append(buf[:0], r, size)
		if err != nil && !errors.Is(err, io.EOF) {
			err = fmt.Errorf("frame %d is truncated: %v has %d bytes, the file only %d more: %w", number, format, size, len(buf), err)
		}
		return buf, err
	}, nil
}

// readPicture reads one picture: a file of a single frame.
func readPicture(r io.Reader, decode func(io.Reader) (*picture.Image, error)) (Format, frameReader, error) {
	img, err := decode(r)
	if err != nil {
		return Format{}, nil, err
	}
	done := false
	return pictureFormat(img), func([]byte) ([]byte, error) {
		if done {
			return nil, io.EOF
		}
		done = true
		return img.Pix, nil
	}, nil
}

func pictureFormat(img *picture.Image) Format { return rgbFormat(img.Width, img.Height) }

// openPipe opens a pipe, whose frames come at any time and whose writer may
// start late.
func openPipe(ctx context.Context, name string, open func() (io.ReadCloser, error), o Options) (Source, error) {
	if err := o.rejectForPipe(name); err != nil {
		return nil, err
	}
	type result struct {
		source *fileSource
		err    error
	}
	opened := make(chan result)
	go func() {
		source, err := waitForContent(ctx, name, open, o)
		select {
		case opened <- result{source, err}:
		case <-ctx.Done():
			if err == nil {
				_ = source.Close() // there is no receiver
			}
		}
	}()
	defer idle.Wait(ctx)()
	select {
	case <-ctx.Done():
		return nil, ctx.Err() // the goroutine ends with the pipe's writer or the program
	case r := <-opened:
		if r.err != nil {
			return nil, r.err
		}
		return newPipeSource(r.source, o.MinSide), nil
	}
}

// waitForContent opens a pipe and recognises its content. The end of the context
// closes the pipe, which also ends the wait for the first bytes.
func waitForContent(ctx context.Context, name string, open func() (io.ReadCloser, error), o Options) (*fileSource, error) {
	input, err := open()
	if err != nil {
		return nil, permanent{err}
	}
	stop := context.AfterFunc(ctx, func() { _ = input.Close() })
	source, err := newFileSource(name, input, pipe, o)
	if !stop() {
		return nil, ctx.Err()
	}
	return source, err
}

// newPipeSource reads frames as they come and returns the newest. Only those are
// decoded.
func newPipeSource(s *fileSource, minSide int) Source {
	stream := &streamSource{
		frames:  newest.Start(s.read),
		frame:   Frame{Format: s.Format()},
		explain: s.readError,
		close:   s.Close,
	}
	f := s.Format()
	if f.FourCC != pixel.MJPEG {
		return unpack(stream)
	}
	return &jpegDecoder{
		Source: stream, input: s.name, decoder: mjpeg.Decoder{Upright: true, MinSide: minSide},
		frame: Frame{Format: f},
	}
}
