//go:build unix

package rpicam

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"halfmeg/camera/internal/deviceerr"
	"halfmeg/camera/internal/newest"
	"halfmeg/camera/pixel"
)

// Wishes are what is asked of the camera. Zero values leave it to us.
type Wishes struct {
	Width, Height int     // in pixels; the nearest that has no padding will do
	Rate          float64 // frames a second
	Hasty         bool    // gives up sooner on a first frame, where there are other cameras to look for
}

const (
	defaultWidth  = 640
	defaultHeight = 480
	defaultRate   = 30

	// widthStep makes rows without padding, see the package.
	widthStep  = 128
	heightStep = 2
)

// Format is that of the frames for those wishes. For yuv420 rpicam-vid asks
// libcamera for the colour space sYCC, whatever the size: the matrix of BT.601
// and the full range (get_colourspace_flags in its source, and ColorSpace::Sycc
// in libcamera's).
func (w Wishes) Format() pixel.Format {
	width, height := nearest(w.Width, widthStep), nearest(w.Height, heightStep)
	if w.Width == 0 || w.Height == 0 {
		width, height = defaultWidth, defaultHeight
	}
	return pixel.Format{FourCC: pixel.YU12, Width: width, Height: height, Stride: width, Matrix: pixel.BT601, Range: pixel.Full}
}

// nearest is the multiple of step that is nearest to n, and not 0.
func nearest(n, step int) int { return below(n+step/2, step) }

// below is the greatest multiple of step that is not above n, and not 0.
func below(n, step int) int { return max(1, n/step) * step }

// Largest is the largest size without padding that is not above that one.
func Largest(width, height int) (w, h int) {
	return below(width, widthStep), below(height, heightStep)
}

// arguments have the program write raw frames until it is ended, each when it
// is there. At a verbosity of 0 it would keep libcamera's log from us, which
// has the frames' size and the causes of failures.
func arguments(f pixel.Format, rate float64) []string {
	if rate == 0 {
		rate = defaultRate
	}
	return []string{
		"--codec", "yuv420",
		"--width", strconv.Itoa(f.Width), "--height", strconv.Itoa(f.Height),
		"--framerate", strconv.FormatFloat(rate, 'f', -1, 64),
		"--timeout", "0", "--nopreview", "--flush", "--verbose", "1",
		"--output", "-",
	}
}

// patience is how long frames may take: the first, for which the program looks
// for cameras and finds their exposure, and those after it.
type patience struct{ first, next time.Duration }

// maxPatience is for the lowest rates: a camera that hangs is to be noticed.
const maxPatience = time.Minute

// patience leaves a frame three frames' time at any rate.
func (w Wishes) patience() patience {
	p := patience{first: 10 * time.Second, next: 3 * time.Second}
	if w.Hasty {
		p.first = 4 * time.Second
	}
	if w.Rate > 0 {
		frames := time.Duration(min(3/w.Rate, maxPatience.Seconds()) * float64(time.Second))
		p.next = min(p.next+frames, maxPatience)
		p.first = min(p.first+p.next, maxPatience)
	}
	return p
}

// Stream is a program that gives frames. Its methods are for one goroutine.
type Stream struct {
	format   pixel.Format
	patience patience
	process  *process
	path     string // of the program
	fits     bool   // whether the frames have the size that was asked for; for the goroutine that reads them
	pipe     *os.File
	frames   *newest.Reader
	alarm    *time.Timer
	closed   bool
}

// Open starts the program of that path and waits for a first frame. The
// context covers the opening alone.
func Open(ctx context.Context, path string, w Wishes) (*Stream, error) {
	return open(ctx, path, w, w.patience())
}

func open(ctx context.Context, path string, w Wishes, p patience) (*Stream, error) {
	f := w.Format()
	s := &Stream{path: path, format: f, patience: p, alarm: time.NewTimer(p.first)}
	if err := s.start(arguments(f, w.Rate)); err != nil {
		return nil, err
	}
	if err := s.await(ctx, p.first); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// start runs the program and the goroutine that reads its frames.
func (s *Stream) start(args []string) error {
	reader, writer, err := os.Pipe()
	if err != nil {
		return deviceerr.New(filepath.Base(s.path), fmt.Sprintf("cannot be read: %v", err), err)
	}
	s.process, err = start(s.path, args, writer)
	if err = errors.Join(err, writer.Close()); err != nil {
		_ = reader.Close() // nothing was read
		return err
	}
	s.pipe = reader
	s.frames = newest.Start(s.frame)
	return nil
}

// frame reads one from the program.
func (s *Stream) frame(buf []byte) ([]byte, error) {
	if buf == nil {
		buf = make([]byte, s.format.Size())
	}
	if part, err := io.ReadFull(s.pipe, buf); err != nil {
		return nil, s.process.failure(part, len(buf))
	}
	return buf, s.fit()
}

// fit makes sure that the frames have the size that was asked for: the bytes
// of others would be cut at the wrong places. The log tells their size before
// the first comes, but by another pipe.
func (s *Stream) fit() error {
	if s.fits {
		return nil
	}
	alarm := time.NewTimer(s.patience.next)
	defer alarm.Stop()
	select {
	case <-s.process.log.told:
	case <-s.process.done: // and with it the log
	case <-alarm.C:
	}
	switch width, height := s.process.log.size(); {
	case width == 0:
		return s.unsized()
	case width != s.format.Width || height != s.format.Height:
		return s.misfit(width, height)
	}
	s.fits = true
	return nil
}

// unsized is the error of a program that does not tell the size.
func (s *Stream) unsized() error {
	return deviceerr.New(s.process.name, fmt.Sprintf("its log lacks the frames' size (configuring streams: …), without which "+
		"they cannot be told apart; report this with its version: %s", version(s.path)), deviceerr.ErrWish)
}

// misfit is the error of frames of that size, if it is not the one asked for.
func (s *Stream) misfit(width, height int) error {
	w, h := Largest(width, height)
	return deviceerr.New(s.process.name, fmt.Sprintf("the camera gives %dx%d instead of %dx%d: ask for %dx%d or another size",
		width, height, s.format.Width, s.format.Height, w, h), deviceerr.ErrWish)
}

// Format is that of the frames.
func (s *Stream) Format() pixel.Format { return s.format }

// Next waits for a frame and gives the newest there is.
func (s *Stream) Next(ctx context.Context) (newest.Frame, error) {
	if s.closed {
		return newest.Frame{}, deviceerr.New(s.process.name, fs.ErrClosed.Error(), fs.ErrClosed)
	}
	if err := s.await(ctx, s.patience.next); err != nil {
		return newest.Frame{}, err
	}
	return s.frames.Next(ctx)
}

// await waits until there is a frame that was not taken yet.
func (s *Stream) await(ctx context.Context, patience time.Duration) error {
	s.alarm.Reset(patience)
	defer s.alarm.Stop()
	there, err := s.frames.Wait(ctx, s.alarm.C)
	if err == nil && !there {
		err = s.hung(patience)
	}
	return err
}

func (s *Stream) hung(patience time.Duration) error {
	return s.process.trouble(fmt.Sprintf("has given no frame for %.1f s", patience.Seconds()), deviceerr.ErrNoFrame)
}

// Close ends the program. The last frame's memory is gone then.
func (s *Stream) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	s.alarm.Stop()
	err := errors.Join(s.process.stop(), s.pipe.Close())
	<-s.frames.Done()
	s.frames = nil
	return err
}
