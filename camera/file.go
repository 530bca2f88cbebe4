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

	"halfmeg/camera/internal/boundedread"
	"halfmeg/camera/internal/newest"
	"halfmeg/camera/picture"
	"halfmeg/camera/pixel"
	"halfmeg/camera/y4m"
)

// A file that cannot be read now will not be read later: all errors of files
// and of standard input are of the kind ErrInvalid.

// film is a file of frames as a source, which leaves none out.
type film struct {
	name   string
	read   frameReader
	file   io.Closer
	frame  Frame
	next   uint64
	closed bool
}

// frameReader reads the next frame into the memory of buf, or other memory.
type frameReader func(buf []byte) ([]byte, error)

// openFile opens what is at a path: a folder, a file, or a pipe.
func openFile(ctx context.Context, path string, o Options) (Source, error) {
	about, err := os.Stat(path)
	if err != nil {
		return nil, invalid{err}
	}
	if about.IsDir() {
		return openFolder(path, o)
	}
	if !about.Mode().IsRegular() {
		return openPipe(ctx, path, func() (io.ReadCloser, error) { return os.Open(path) }, o)
	}
	if err := o.heeds(path, "a file", optionSize, optionFormat, optionLoop); err != nil {
		return nil, err
	}
	open := func() (Source, error) {
		file, err := os.Open(path)
		if err != nil {
			return nil, invalid{err}
		}
		return openFilm(path, file, picture.Decode, o)
	}
	return repeat(open, o.Loop)
}

// openStandardInput reads a file as a file, and takes all else for a stream.
func openStandardInput(ctx context.Context, stdin *os.File, o Options) (Source, error) {
	const name = "standard input"
	if err := o.comesOnce(name); err != nil {
		return nil, err
	}
	if about, err := stdin.Stat(); err == nil && about.Mode().IsRegular() {
		return openFilm(name, stdin, picture.Decode, o)
	}
	return openPipe(ctx, name, func() (io.ReadCloser, error) { return stdin, nil }, o)
}

// pictureDecoder is picture.Decode, or picture.DecodeStream, whose limit is
// lower.
type pictureDecoder func(io.Reader) (*picture.Image, error)

// openFilm closes the file where it fails.
func openFilm(name string, file io.ReadCloser, decode pictureDecoder, o Options) (Source, error) {
	format, read, err := recognise(file, decode, o)
	if err != nil {
		_ = file.Close() // it was only read
		return nil, invalid{fmt.Errorf("%s: %w", name, err)}
	}
	return &film{name: name, read: read, file: file, frame: Frame{Format: format}}, nil
}

func (f *film) Format() Format { return f.frame.Format }

func (f *film) Next(ctx context.Context) (*Frame, error) {
	if f.closed {
		return nil, fmt.Errorf("%s: %w", f.name, fs.ErrClosed)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	data, err := f.read(f.frame.Data)
	if err != nil {
		return nil, ending(f.name, err)
	}
	f.frame.Data, f.frame.Time, f.frame.Sequence = data, time.Now(), f.next
	f.next++
	return &f.frame, nil
}

func (f *film) Close() error {
	if f.closed {
		return nil
	}
	f.closed = true
	return f.file.Close()
}

// ending is the error after the last frame of a file or a pipe.
func ending(name string, err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return invalid{fmt.Errorf("%s: %w", name, err)}
}

// recognise tells what is in a file by its content: Y4M, a picture, or what
// the options say of raw frames, in which any bytes may stand.
func recognise(r io.Reader, decode pictureDecoder, o Options) (Format, frameReader, error) {
	buffered := bufio.NewReader(r)
	head, err := buffered.Peek(len(y4m.Magic))
	if err != nil && !errors.Is(err, io.EOF) {
		return Format{}, nil, err
	}
	var format Format
	var read frameReader
	switch {
	case string(head) == y4m.Magic:
		format, read, err = readY4M(buffered)
	case o.FourCC != 0 && o.Width != 0:
		return readRaw(buffered, o)
	default:
		format, read, err = readPicture(buffered, decode)
	}
	if err == nil {
		err = o.allow(format)
	}
	return format, read, err
}

func readY4M(r io.Reader) (Format, frameReader, error) {
	reader, err := y4m.NewReader(r)
	if err != nil {
		return Format{}, nil, err
	}
	return reader.Format(), reader.Read, nil
}

// readRaw reads frames that follow each other without anything between, their
// rows too. YCbCr is taken to be of the limited range, as most is.
func readRaw(r io.Reader, o Options) (Format, frameReader, error) {
	format := Format{FourCC: o.FourCC, Width: o.Width, Height: o.Height}
	format.Stride = format.MinStride()
	size := format.Size()
	if size == 0 {
		return format, nil, fmt.Errorf("raw frames of %v cannot be read: their length is not known", o.FourCC)
	}
	if format.Stride > format.Width && (o.FourCC == pixel.NV12 || o.FourCC == pixel.NV21) {
		return format, nil, fmt.Errorf("raw frames of %v must have an even width", o.FourCC)
	}
	if o.FourCC.IsYCbCr() && o.FourCC != pixel.GREY {
		format.Range = pixel.Limited
	}
	number := 0
	return format, func(buf []byte) ([]byte, error) {
		number++
		buf, err := boundedread.Append(buf[:0], r, size)
		if err != nil && !errors.Is(err, io.EOF) {
			err = fmt.Errorf("frame %d is cut short: of %d bytes that %v has there are %d: %w", number, size, format, len(buf), err)
		}
		return buf, err
	}, nil
}

// readPicture reads one picture, a film of a single frame.
func readPicture(r io.Reader, decode pictureDecoder) (Format, frameReader, error) {
	img, err := decode(r)
	if errors.Is(err, picture.ErrUnknown) {
		err = fmt.Errorf("%w; Y4M is read too, and raw frames with --size and --format", err)
	}
	if err != nil {
		return Format{}, nil, err
	}
	shown := false
	return pictureFormat(img), func([]byte) ([]byte, error) {
		if shown {
			return nil, io.EOF
		}
		shown = true
		return img.Pix, nil
	}, nil
}

func pictureFormat(img *picture.Image) Format {
	return Format{FourCC: RGB24, Width: img.Width, Height: img.Height, Stride: 3 * img.Width}
}

// comesOnce refuses what neither a pipe nor standard input can follow.
func (o Options) comesOnce(name string) error {
	return o.heeds(name, "what comes once", optionSize, optionFormat)
}

// openPipe opens a pipe, whose frames come when they like; who writes it may
// also be late to start.
func openPipe(ctx context.Context, name string, open func() (io.ReadCloser, error), o Options) (Source, error) {
	if err := o.comesOnce(name); err != nil {
		return nil, err
	}
	type opened struct {
		source Source
		err    error
	}
	result := make(chan opened)
	go func() {
		source, err := awaitFilm(ctx, name, open, o)
		select {
		case result <- opened{source, err}:
		case <-ctx.Done():
			if err == nil {
				_ = source.Close() // nobody waits for it
			}
		}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err() // the goroutine waits for the pipe's writer, or the program's end
	case r := <-result:
		if r.err != nil {
			return nil, r.err
		}
		return newLive(r.source.(*film)), nil
	}
}

// awaitFilm opens a pipe and recognises what comes. The end of the context
// closes the pipe, which ends the wait for the first bytes, too.
func awaitFilm(ctx context.Context, name string, open func() (io.ReadCloser, error), o Options) (Source, error) {
	pipe, err := open()
	if err != nil {
		return nil, invalid{err}
	}
	stop := context.AfterFunc(ctx, func() { _ = pipe.Close() })
	source, err := openFilm(name, pipe, picture.DecodeStream, o)
	if !stop() {
		return nil, ctx.Err()
	}
	return source, err
}

// newLive reads a film as it comes.
func newLive(f *film) *live {
	return &live{
		frames:  newest.Start(f.read),
		frame:   Frame{Format: f.Format()},
		explain: func(err error) error { return ending(f.name, err) },
		close:   f.Close,
	}
}
