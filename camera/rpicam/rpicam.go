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

// Config selects what the camera delivers. Zero values select a default.
type Config struct {
	Width, Height int           // in pixels; the nearest size without padding is used
	Rate          float64       // frames per second
	Patience      time.Duration // how long a frame may take; by default 10 s for the first one and 3 s for others
	ShortTimeout  bool          // use a shorter timeout for the first frame, if there are other cameras to try
}

const (
	defaultWidth  = 640
	defaultHeight = 480
	defaultRate   = 30

	// Sizes are multiples of these: rows have no padding then, see the package
	// documentation, and chroma has half the height.
	widthStep  = 128
	heightStep = 2
)

// Format returns the format of the frames that Open delivers. With yuv420 and any
// size rpicam-vid selects the colour space sYCC, which has the matrix of BT.601 and
// the full range (get_colourspace_flags in its source, ColorSpace::Sycc in
// libcamera's).
func (c Config) Format() pixel.Format {
	width, height := roundNearest(c.Width, widthStep), roundNearest(c.Height, heightStep)
	if c.Width == 0 || c.Height == 0 {
		width, height = defaultWidth, defaultHeight
	}
	return pixel.Format{FourCC: pixel.YU12, Width: width, Height: height, Stride: width, Matrix: pixel.BT601, Range: pixel.Full}
}

// roundNearest rounds n to the nearest positive multiple of step.
func roundNearest(n, step int) int { return roundDown(n+step/2, step) }

// roundDown rounds n down to a multiple of step, but not to 0.
func roundDown(n, step int) int { return max(1, n/step) * step }

// RoundDown returns the largest supported size that fits into the given one.
func RoundDown(width, height int) (w, h int) {
	return roundDown(width, widthStep), roundDown(height, heightStep)
}

// arguments returns the options that make the program write raw frames without
// delay until it is terminated. At verbosity 0 it would suppress libcamera's log,
// which contains the frames' size and the causes of failures.
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

// timeouts bound the wait for the first frame, before which the program looks for
// cameras and adjusts the exposure, and for each later one.
type timeouts struct{ first, next time.Duration }

// maxTimeout bounds both at the lowest rates, so that a hung camera is detected.
const maxTimeout = time.Minute

// timeouts adds the time of three frames at the configured rate.
func (c Config) timeouts() timeouts {
	if c.Patience > 0 {
		return timeouts{first: c.Patience, next: c.Patience}
	}
	t := timeouts{first: 10 * time.Second, next: 3 * time.Second}
	if c.ShortTimeout {
		t.first = 4 * time.Second
	}
	if c.Rate > 0 {
		frames := time.Duration(min(3/c.Rate, maxTimeout.Seconds()) * float64(time.Second))
		t.next = min(t.next+frames, maxTimeout)
		t.first = min(t.first+t.next, maxTimeout)
	}
	return t
}

// Stream is a running program that sends frames. Its methods are not safe for
// concurrent use.
type Stream struct {
	format   pixel.Format
	timeouts timeouts
	process  *process
	path     string // of the program
	checked  bool   // whether the frames' size was checked; used by the reading goroutine only
	pipe     *os.File
	frames   *newest.Reader
	timer    *time.Timer
	closed   bool
}

// Open starts the program at path and waits for its first frame. The context
// covers opening only.
func Open(ctx context.Context, path string, c Config) (*Stream, error) {
	return open(ctx, path, c, c.timeouts())
}

func open(ctx context.Context, path string, c Config, t timeouts) (*Stream, error) {
	f := c.Format()
	s := &Stream{path: path, format: f, timeouts: t, timer: time.NewTimer(t.first)}
	if err := s.start(arguments(f, c.Rate)); err != nil {
		return nil, err
	}
	if err := s.waitForFrame(ctx, t.first); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.process.log.Forget()
	return s, nil
}

// start starts the program and the goroutine that reads its frames.
func (s *Stream) start(args []string) error {
	reader, writer, err := os.Pipe()
	if err != nil {
		return deviceerr.New(filepath.Base(s.path), fmt.Sprintf("cannot create a pipe: %v", err), err)
	}
	s.process, err = start(s.path, args, writer)
	if err = errors.Join(err, writer.Close()); err != nil {
		_ = reader.Close() // nothing was read
		return err
	}
	s.pipe = reader
	s.frames = newest.Start(s.readFrame)
	return nil
}

// readFrame reads a frame from the program.
func (s *Stream) readFrame(buf []byte) ([]byte, error) {
	if buf == nil {
		buf = make([]byte, s.format.Size())
	}
	if n, err := io.ReadFull(s.pipe, buf); err != nil {
		return nil, s.process.failure(n, len(buf))
	}
	return buf, s.checkSize()
}

// checkSize checks that the frames have the size requested: a different size
// would shift where each frame starts. The program logs the size before it sends
// the first frame, but through another pipe, so checkSize waits for it.
func (s *Stream) checkSize() error {
	if s.checked {
		return nil
	}
	timer := time.NewTimer(s.timeouts.next)
	defer timer.Stop()
	select {
	case <-s.process.log.sized:
	case <-s.process.Done(): // the log is complete
	case <-timer.C:
	}
	switch width, height := s.process.log.size(); {
	case width == 0:
		return s.sizeUnknown()
	case width != s.format.Width || height != s.format.Height:
		return s.sizeMismatch(width, height)
	}
	s.checked = true
	return nil
}

func (s *Stream) sizeUnknown() error {
	return deviceerr.New(s.process.Name, fmt.Sprintf("its log lacks the frames' size (configuring streams: …), without which "+
		"frames cannot be told apart; report this with its version: %s", version(s.path)), deviceerr.ErrPermanent)
}

func (s *Stream) sizeMismatch(width, height int) error {
	w, h := RoundDown(width, height)
	return deviceerr.New(s.process.Name, fmt.Sprintf("the camera sends %dx%d instead of %dx%d: ask for %dx%d or another size",
		width, height, s.format.Width, s.format.Height, w, h), deviceerr.ErrPermanent)
}

// Format returns the format of the frames.
func (s *Stream) Format() pixel.Format { return s.format }

// Next waits for a frame newer than the last one and returns the newest. Its data
// are valid until the next call of Next or Close.
func (s *Stream) Next(ctx context.Context) (newest.Frame, error) {
	if s.closed {
		return newest.Frame{}, deviceerr.New(s.process.Name, fs.ErrClosed.Error(), fs.ErrClosed)
	}
	if err := s.waitForFrame(ctx, s.timeouts.next); err != nil {
		return newest.Frame{}, err
	}
	return s.frames.Next(ctx)
}

// waitForFrame waits until there is a frame that Next has not returned.
func (s *Stream) waitForFrame(ctx context.Context, timeout time.Duration) error {
	s.timer.Reset(timeout)
	defer s.timer.Stop()
	ok, err := s.frames.Wait(ctx, s.timer.C)
	if err == nil && !ok {
		err = s.process.ErrorWithLog(fmt.Sprintf("no frame for %.1f s", timeout.Seconds()), deviceerr.ErrNoFrame)
	}
	return err
}

// Close terminates the program. The last frame's data become invalid.
func (s *Stream) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	s.timer.Stop()
	err := errors.Join(s.process.Stop(), s.pipe.Close())
	<-s.frames.Done()
	s.frames = nil
	return err
}
