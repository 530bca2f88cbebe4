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

// Program is the name of the program.
const Program = "ffmpeg"

// Config selects the stream and what it delivers. Zero values select a default.
type Config struct {
	Address       string
	Width, Height int           // the largest size in pixels; by default the shorter side has 360
	Rate          float64       // the highest rate, in frames per second
	Patience      time.Duration // how long a frame may take; by default 15 s for the first one and 10 s for others
	Insecure      bool          // allow addresses whose certificate is not checked
	Decoder       *Decoder      // of this camera; may be nil
}

// defaultSide is the shorter side of frames in pixels by default: a bit more than
// networks look at, so that a part of the picture may be cut out.
const defaultSide = 360

// Find returns the path of the program.
func Find() (string, error) {
	path, err := exec.LookPath(Program)
	if err != nil {
		return "", deviceerr.New(Program, "not in PATH, but it is needed for compressed video (RTSP and the like): sudo apt install ffmpeg", deviceerr.ErrPermanent)
	}
	return path, nil
}

// timeouts bound the wait for the first frame, before which the program connects and
// waits for a keyframe, and for each later one.
type timeouts struct{ first, next time.Duration }

// hardwareTimeout bounds the wait for the first frame if the hardware decodes: what it
// does not know, such as H.265, it swallows without a word.
const hardwareTimeout = 8 * time.Second

// maxTimeout bounds both at the lowest rates, so that a hung camera is detected.
const maxTimeout = time.Minute

// timeouts adds the time of three frames at the configured rate.
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

// filters returns the filters that scale the video and limit its rate. Frames keep
// their shape and become no larger, their sides are even, their pixels square.
func (c Config) filters() string {
	// In square pixels the video has iw*sar x ih.
	scale := fmt.Sprintf("min(1,%d/min(iw*sar,ih))", defaultSide)
	if c.Width > 0 {
		scale = fmt.Sprintf("min(1,min(%d/(iw*sar),%d/ih))", c.Width, c.Height)
	}
	filters := fmt.Sprintf("scale=w='2*max(1,round(iw*sar*%[1]s/2))':h='2*max(1,round(ih*%[1]s/2))':flags=area,setsar=1,format=yuv420p", scale)
	if c.Rate > 0 {
		return c.limit() + "," + filters
	}
	return filters
}

// limit returns a filter that drops frames above the rate. The register 0 has the time
// before which frames are dropped. A frame that is late does not delay the next ones, and
// one whose time is far back starts anew. The filter fps would hold each frame back until
// the next one comes.
func (c Config) limit() string {
	interval := strconv.FormatFloat(1/c.Rate, 'f', -1, 64)
	return fmt.Sprintf("select='if(gte(t,ld(0))+lt(t,ld(0)-2*%[1]s),1+0*st(0,if(between(ld(0)+%[1]s,t,t+2*%[1]s),ld(0)+%[1]s,t+%[1]s/2)),isnan(t))'", interval)
}

// arguments returns the program's options. Those of an input stand before -i.
func (c Config) arguments(hardware bool) []string {
	args := []string{
		"-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info",
		"-protocol_whitelist", protocols, "-fflags", "nobuffer", "-flags", "low_delay",
		"-fpsprobesize", "0", // half a second less until the first frame
	}
	if hardware {
		args = append(args, "-c:v", hardwareDecoder)
	}
	return append(args,
		"-f", "concat", "-safe", "0", "-i", "pipe:0",
		"-map", "0:v:0", "-vf", c.filters(), "-fps_mode", "passthrough", "-f", "yuv4mpegpipe", "pipe:1",
	)
}

// environment has the program write no file with the address in it and no colours,
// whatever the user's environment says.
func environment() []string {
	others := slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "FFREPORT=") || strings.HasPrefix(v, "AV_LOG_FORCE_")
	})
	return append(others, "AV_LOG_FORCE_NOCOLOR=1")
}

// Stream is a running program that sends frames. Its methods are not safe for
// concurrent use.
type Stream struct {
	address  *address
	timeouts timeouts
	hardware bool // decodes
	decoder  *Decoder
	opened   time.Time
	process  *program.Process
	log      *programLog
	pipe     *os.File
	reader   *y4m.Reader  // nil before the first frame; used by the reading goroutine only
	format   pixel.Format // set before the first frame is there
	frames   *newest.Reader
	timer    *time.Timer
	closed   bool
}

// Open starts the program at path and waits for its first frame. The context covers
// opening only.
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
		if err == nil || ctx.Err() != nil || !mayBeDecoder(err) {
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

// mayBeDecoder reports whether an error may be the decoder's fault: unless the log has
// another explanation.
func mayBeDecoder(err error) bool {
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

// start starts the program and the goroutine that reads its frames.
func (s *Stream) start(path string, args []string) error {
	command := exec.Command(path, args...)
	command.Stdin = strings.NewReader(s.address.concat())
	var err error
	if s.process, s.pipe, err = start(command, s.address.name, s.log.Log); err == nil {
		s.frames = newest.Start(s.readFrame)
	}
	return err
}

// start starts the program and returns what it writes.
func start(command *exec.Cmd, name string, log *program.Log) (*program.Process, *os.File, error) {
	reader, writer, err := os.Pipe()
	if err != nil {
		return nil, nil, deviceerr.New(name, fmt.Sprintf("cannot create a pipe: %v", err), err)
	}
	command.Stdout = writer
	command.Env = environment()
	p, err := program.Start(command, name, log)
	if err = errors.Join(err, writer.Close()); err != nil {
		_ = reader.Close() // nothing was read
		return nil, nil, err
	}
	return p, reader, nil
}

// readFrame reads a frame from the program.
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

// readHeader reads the frames' format. The colour matrix is in the log only, which
// comes through another pipe and may be late.
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

// explain returns why there are no more frames. The camera's size may have changed,
// and then what comes is no Y4M; otherwise the program has ended.
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
	if s.hardware && ctx.Err() == nil && mayBeDecoder(err) {
		s.decoder.ended(time.Since(s.opened))
	}
	return newest.Frame{}, err
}

// waitForFrame waits until there is a frame that Next has not returned.
func (s *Stream) waitForFrame(ctx context.Context, timeout time.Duration) error {
	s.timer.Reset(timeout)
	defer s.timer.Stop()
	ok, err := s.frames.Wait(ctx, s.timer.C)
	if err == nil && !ok {
		err = s.process.ErrorWithLog(fmt.Sprintf("no frame for %.1f s: the camera or the network hangs", timeout.Seconds()), deviceerr.ErrNoFrame)
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
