//go:build unix

package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"halfmeg/camera/internal/deviceerr"
	"halfmeg/camera/internal/newest"
	"halfmeg/camera/internal/program"
	"halfmeg/camera/pixel"
	"halfmeg/camera/y4m"
)

// Program is the name of the executable.
const Program = "ffmpeg"

// Config selects a stream and the format of its frames. Zero values are defaults.
type Config struct {
	Address       string
	Width, Height int           // maximum size in pixels; by default the shorter side has at most 360
	Rate          float64       // maximum rate in frames per second; 0 for no limit
	Patience      time.Duration // timeout for a frame; by default 15 s for the first one and 10 s for others
	Insecure      bool          // allow TLS, although ffmpeg does not verify certificates
	Decoder       *Decoder      // of this camera, kept across connections; may be nil
}

// defaultSide is the default maximum of the shorter side, in pixels. It is larger than
// the networks' inputs, so that there are enough pixels for a crop.
const defaultSide = 360

// Find returns the path of the executable.
func Find() (string, error) {
	path, err := exec.LookPath(Program)
	if err != nil {
		return "", deviceerr.New(Program, "not in PATH, but it is needed for compressed video (RTSP and the like): sudo apt install ffmpeg", deviceerr.ErrPermanent)
	}
	return path, nil
}

// timeouts bound the wait for the first frame, which includes connecting and waiting
// for a keyframe, and for each later frame.
type timeouts struct{ first, next time.Duration }

// hardwareTimeout bounds the wait for the first frame with the hardware decoder, which
// drops video that it does not support, such as H.265, without an error.
const hardwareTimeout = 8 * time.Second

// maxTimeout bounds the timeout at low rates, so that a hung camera is detected.
const maxTimeout = time.Minute

// timeouts returns the configured timeouts, or the defaults. At a low rate the default
// for later frames is longer by three frame intervals.
func (c Config) timeouts() timeouts {
	if c.Patience > 0 {
		return timeouts{first: c.Patience, next: c.Patience}
	}
	t := timeouts{first: 15 * time.Second, next: 10 * time.Second}
	if c.Rate > 0 {
		frames := time.Duration(min(3/c.Rate, maxTimeout.Seconds()) * float64(time.Second))
		t.next = min(t.next+frames, maxTimeout)
	}
	return t
}

// filters returns the filters that scale the video and limit its rate. They keep the
// aspect ratio and never enlarge a frame. The output has even sides and square pixels.
func (c Config) filters() string {
	// The size in square pixels is iw*sar x ih.
	scale := fmt.Sprintf("min(1,%d/min(iw*sar,ih))", defaultSide)
	if c.Width > 0 {
		scale = fmt.Sprintf("min(1,min(%d/(iw*sar),%d/ih))", c.Width, c.Height)
	}
	filters := fmt.Sprintf("scale=w='2*max(1,round(iw*sar*%[1]s/2))':h='2*max(1,round(ih*%[1]s/2))':flags=area,setsar=1,format=yuv420p", scale)
	if c.Rate > 0 {
		return c.rateFilter() + "," + filters
	}
	return filters
}

// rateFilter returns a filter that drops frames above the rate. Register 0 holds the
// time before which frames are dropped. A delayed frame does not shift the schedule of
// the next ones, and a timestamp that jumps back restarts it. The fps filter would delay
// each frame until the next one arrives.
func (c Config) rateFilter() string {
	interval := strconv.FormatFloat(1/c.Rate, 'f', -1, 64)
	return fmt.Sprintf("select='if(gte(t,ld(0))+lt(t,ld(0)-2*%[1]s),1+0*st(0,if(between(ld(0)+%[1]s,t,t+2*%[1]s),ld(0)+%[1]s,t+%[1]s/2)),isnan(t))'", interval)
}

// arguments returns ffmpeg's arguments. Options of the input precede -i.
func (c Config) arguments(hardware bool) []string {
	args := []string{
		"-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info",
		"-protocol_whitelist", protocols, "-fflags", "nobuffer", "-flags", "low_delay",
		"-fpsprobesize", "0", // as in commonOptions
	}
	if hardware {
		args = append(args, "-c:v", hardwareDecoder)
	}
	return append(args,
		"-f", "concat", "-safe", "0", "-i", "pipe:0",
		"-map", "0:v:0", "-vf", c.filters(), "-fps_mode", "passthrough", "-f", "yuv4mpegpipe", "pipe:1",
	)
}

// environment returns this process's environment without variables that would make
// ffmpeg write a report file, which contains the address, or colour its log.
func environment() []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "FFREPORT=") || strings.HasPrefix(v, "AV_LOG_FORCE_")
	})
	return append(env, "AV_LOG_FORCE_NOCOLOR=1")
}

// Stream reads frames from a running ffmpeg. Its methods are not safe for concurrent
// use.
type Stream struct {
	address  *address
	timeouts timeouts
	hardware bool // the hardware decodes
	decoder  *Decoder
	opened   time.Time
	process  *program.Process
	log      *programLog
	pipe     *os.File
	reader   *y4m.Reader  // nil before the first frame; used by the reading goroutine only
	format   pixel.Format // set before the first frame is available
	frames   *newest.Reader
	timer    *time.Timer
	closed   bool
}

// Open starts ffmpeg, which is at path, and waits for its first frame. The context
// applies only to opening.
func Open(ctx context.Context, path string, c Config) (*Stream, error) {
	a, err := parse(c.Address)
	if err == nil && a.encrypted() && !c.Insecure {
		err = ErrUnchecked
	}
	if err != nil {
		return nil, deviceerr.New(Name(c.Address), err.Error(), errors.Join(err, deviceerr.ErrPermanent))
	}
	if c.Decoder == nil {
		c.Decoder = new(Decoder)
	}
	if c.Decoder.useHardware() {
		s, err := open(ctx, path, a, c, true)
		if err == nil || ctx.Err() != nil || !decoderMayHaveFailed(err) {
			return s, err
		}
		s, err = open(ctx, path, a, c, false)
		if err == nil {
			c.Decoder.reject()
		}
		return s, err
	}
	return open(ctx, path, a, c, false)
}

// decoderMayHaveFailed reports whether the decoder may have caused an error. That is
// so unless the log shows another cause.
func decoderMayHaveFailed(err error) bool {
	return !errors.Is(err, program.ErrExplained) || errors.Is(err, errDecoding)
}

func open(ctx context.Context, path string, a *address, c Config, hardware bool) (*Stream, error) {
	t := c.timeouts()
	if hardware {
		t.first = min(t.first, hardwareTimeout)
	}
	s := &Stream{address: a, timeouts: t, hardware: hardware, decoder: c.Decoder, log: a.newLog(), timer: time.NewTimer(t.first)}
	if err := s.start(path, c.arguments(hardware)); err != nil {
		return nil, err
	}
	if err := s.waitForFrame(ctx, t.first); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.log.Forget()
	s.opened = time.Now()
	return s, nil
}

// start starts ffmpeg and the goroutine that reads its frames.
func (s *Stream) start(path string, args []string) error {
	command := exec.Command(path, args...)
	command.Stdin = strings.NewReader(s.address.concat())
	var err error
	if s.process, s.pipe, err = start(command, s.address.name, s.log.Log); err == nil {
		s.frames = newest.Start(s.readFrame)
	}
	return err
}

// start starts a command and returns the pipe from its standard output.
func start(command *exec.Cmd, name string, log *program.Log) (*program.Process, *os.File, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, nil, deviceerr.New(name, fmt.Sprintf("cannot create a pipe: %v", err), err)
	}
	command.Stdout = writer
	command.Env = environment()
	p, err := program.Start(command, name, log)
	if err = errors.Join(err, writer.Close()); err != nil {
		_ = reader.Close()
		return nil, nil, err
	}
	return p, reader, nil
}

func (s *Stream) readFrame(buf []byte) ([]byte, error) {
	if s.reader == nil {
		var err error
		if s.reader, s.format, err = readHeader(s.pipe, s.process, s.log, s.timeouts.next); err != nil {
			return nil, s.explain(err)
		}
	}
	frame, err := s.reader.Read(buf)
	if err != nil {
		return nil, s.explain(err)
	}
	return frame, nil
}

// readHeader reads the format of the frames. Y4M has no colour matrix, so readHeader
// waits until the log contains it; the log uses another pipe and may arrive later.
func readHeader(pipe *os.File, p *program.Process, log *programLog, timeout time.Duration) (*y4m.Reader, pixel.Format, error) {
	reader, err := y4m.NewReader(pipe)
	if err != nil {
		return nil, pixel.Format{}, err
	}
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	select {
	case <-log.described:
	case <-p.Done(): // the log is complete
	case <-timer.C:
	}
	format := reader.Format()
	_, format.Matrix = log.video()
	return reader, format, nil
}

// explain returns an error with the reason why no more frames arrive. If the output is
// not valid Y4M, the size of the video may have changed; otherwise ffmpeg has exited.
func (s *Stream) explain(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return s.process.Failure("the stream ended", "")
	}
	return s.process.ErrorWithLog(err.Error(), err)
}

// Format returns the format of the frames.
func (s *Stream) Format() pixel.Format { return s.format }

// Next waits for a frame newer than the last one and returns the newest. Its data
// are valid until the next call of Next or Close.
func (s *Stream) Next(ctx context.Context) (newest.Frame, error) {
	if s.closed {
		return newest.Frame{}, deviceerr.New(s.address.name, fs.ErrClosed.Error(), fs.ErrClosed)
	}
	err := s.waitForFrame(ctx, s.timeouts.next)
	if err == nil {
		return s.frames.Next(ctx)
	}
	if s.hardware && ctx.Err() == nil && decoderMayHaveFailed(err) {
		s.decoder.recordFailure(time.Since(s.opened))
	}
	return newest.Frame{}, err
}

// waitForFrame waits for a frame that Next has not returned yet.
func (s *Stream) waitForFrame(ctx context.Context, timeout time.Duration) error {
	s.timer.Reset(timeout)
	defer s.timer.Stop()
	ok, err := s.frames.Wait(ctx, s.timer.C)
	if err == nil && !ok {
		err = s.process.ErrorWithLog(fmt.Sprintf("no frame for %.1f s: the camera or the network hangs", timeout.Seconds()), deviceerr.ErrNoFrame)
	}
	return err
}

// Close terminates ffmpeg. The data of the last frame become invalid.
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
