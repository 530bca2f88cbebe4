//go:build amd64 || arm64

package v4l2

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"halfmeg/camera/internal/deviceerr"
	"halfmeg/camera/internal/idle"
	"halfmeg/camera/picture"
	"halfmeg/camera/pixel"
)

// Frame is one picture.
type Frame struct {
	Data     []byte    // in the driver's memory; valid until the next call of Next or Close
	Time     time.Time // of capture by the driver's timestamp; of reading if that is not usable
	Sequence uint64    // counted from 0; a gap is that many lost or dropped frames
}

// Stream is a device that streams. Its methods are not safe for concurrent use.
type Stream struct {
	device  *device
	format  pixel.Format
	rate    float64       // frames per second; 0 if unknown
	limit   time.Duration // Config.Patience
	buffers [][]byte
	current int // index of the buffer that the caller reads, or noBuffer
	queued  int // number of buffers that the driver owns
	frame   Frame

	// The argument of VIDIOC_QUERYBUF, VIDIOC_QBUF and VIDIOC_DQBUF, kept here so
	// that a frame allocates nothing. In the multi-planar interface the argument
	// holds the address of planes as an integer, so planes is pinned.
	argument buffer
	planes   [maxPlanes]plane
	pinner   runtime.Pinner

	started   bool
	anyFrame  bool // whether a first frame has arrived
	lastCount uint32
	damaged   uint64 // number of incomplete frames
	closed    bool
}

const noBuffer = -1

const (
	// defaultBuffers: the caller reads one, the driver fills one, two are queued.
	defaultBuffers = 4
	minBuffers     = 2
	maxBuffers     = 32

	// pollTimeout bounds how late Next notices that its context has ended.
	pollTimeout = 50 * time.Millisecond

	// firstTimeout bounds the wait for the first frame: webcams adjust their
	// exposure before it, and some need 6 s. Later frames may take nextTimeout plus
	// the time of three frames, but no more than maxTimeout, because a driver may
	// report any rate.
	firstTimeout = 10 * time.Second
	nextTimeout  = 2 * time.Second
	maxTimeout   = time.Minute
)

// Open opens the device at path, configures it and starts streaming.
func Open(path string, c Config) (*Stream, error) {
	d, err := openDevice(path)
	if err != nil {
		return nil, err
	}
	return open(d, c)
}

// open starts a device. It closes the device if that fails.
func open(d *device, c Config) (*Stream, error) {
	s := &Stream{device: d, current: noBuffer, limit: c.Patience}
	if err := s.start(c); err != nil {
		_ = s.Close() // the first failure says more
		return nil, explain(d.path, "start", err)
	}
	return s, nil
}

func (s *Stream) start(c Config) error {
	d := s.device
	if reason := d.unsuitable(); reason != "" {
		if reason == outputOnly {
			return deviceerr.New(d.path, reason, nil) // retrying helps
		}
		return d.unsupported("%s", reason)
	}
	if err := s.configure(c); err != nil {
		return err
	}
	s.pinner.Pin(&s.planes)
	if err := s.mapBuffers(); err != nil {
		return fmt.Errorf("map buffers: %w", err)
	}
	for i := range s.buffers {
		if err := s.queue(i); err != nil {
			return fmt.Errorf("queue buffers: %w", err)
		}
	}
	if err := d.ioctl(vidiocStreamon, unsafe.Pointer(&d.kind)); err != nil {
		if d.isReceiver() && (errors.Is(err, unix.EPIPE) || errors.Is(err, unix.ENOLINK) || errors.Is(err, unix.EINVAL)) {
			return d.unsupported("the camera connector does not deliver %v %dx%d (%v): %s; a bridge must be set up first with media-ctl",
				s.format.FourCC, s.format.Width, s.format.Height, err, throughRPiCam)
		}
		return fmt.Errorf("start the stream: %w", err)
	}
	s.started = true
	return nil
}

// configure sets format, rate and controls.
func (s *Stream) configure(c Config) error {
	d := s.device
	best, err := d.choose(c)
	if err != nil {
		return err
	}
	if s.format, err = d.setFormat(best); err != nil {
		return err
	}
	if s.rate, err = d.setRate(c.Rate); err != nil {
		return err
	}
	for _, setting := range c.Controls {
		if err := d.setControl(setting); err != nil {
			return err
		}
	}
	return nil
}

// mapBuffers has the driver allocate buffers and maps them.
func (s *Stream) mapBuffers() error {
	r := requestBuffers{count: defaultBuffers, kind: s.device.kind, memory: memoryMMap}
	if err := s.device.ioctl(vidiocReqbufs, unsafe.Pointer(&r)); err != nil {
		return err
	}
	if r.count < minBuffers || r.count > maxBuffers {
		return fmt.Errorf("the driver allocated %d buffers, expected %d…%d", r.count, minBuffers, maxBuffers)
	}
	for i := range int(r.count) {
		s.prepareArgument(i)
		if err := s.device.ioctl(vidiocQuerybuf, unsafe.Pointer(&s.argument)); err != nil {
			return err
		}
		offset, length := s.argument.m, s.argument.length
		if s.multiPlanar() {
			offset, length = s.planes[0].m, s.planes[0].length
		}
		if int(length) < s.format.Size() {
			return fmt.Errorf("the driver's buffers have %d bytes, a frame needs %d", length, s.format.Size())
		}
		memory, err := s.device.mmap(int64(uint32(offset)), int(length)) // v4l2_buffer.m.offset has 32 bits
		if err != nil {
			return err
		}
		s.buffers = append(s.buffers, memory)
	}
	return nil
}

func (s *Stream) multiPlanar() bool { return s.device.kind == bufTypeVideoCaptureMPlane }

// prepareArgument sets up the ioctl argument for buffer i.
func (s *Stream) prepareArgument(i int) {
	s.argument = buffer{index: uint32(i), kind: s.device.kind, memory: memoryMMap}
	if s.multiPlanar() {
		s.planes = [maxPlanes]plane{}
		s.argument.m = uint64(uintptr(unsafe.Pointer(&s.planes)))
		s.argument.length = 1
	}
}

// queue passes buffer i to the driver to fill; noBuffer is ignored.
func (s *Stream) queue(i int) error {
	if i == noBuffer {
		return nil
	}
	s.prepareArgument(i)
	if err := s.device.ioctl(vidiocQbuf, unsafe.Pointer(&s.argument)); err != nil {
		return err
	}
	s.queued++
	return nil
}

// Format returns the format of the frames.
func (s *Stream) Format() pixel.Format { return s.format }

// Next waits for a frame newer than the last one and returns the newest.
func (s *Stream) Next(ctx context.Context) (*Frame, error) {
	if s.closed {
		return nil, deviceerr.New(s.device.path, fs.ErrClosed.Error(), fs.ErrClosed)
	}
	if err := s.next(ctx); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, explain(s.device.path, "read a frame", err)
	}
	return &s.frame, nil
}

func (s *Stream) next(ctx context.Context) error {
	timeout := s.timeout()
	deadline := s.device.monotonic() + timeout
	damaged := s.damaged
	staleFrom := s.queued // only these buffers can have been filled since the last call
	if err := s.requeue(); err != nil {
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.newest(staleFrom); err != nil || s.current != noBuffer {
			return err
		}
		staleFrom = never // frames from here on are new
		idle.Step(ctx)    // poll is short; what blocks longer is stuck in the driver
		ready, err := s.device.poll(pollTimeout)
		if err != nil {
			return err
		}
		if ready == deviceFailed {
			return s.failure()
		}
		if s.device.monotonic() > deadline {
			return s.timedOut(timeout, s.damaged-damaged)
		}
	}
}

// failure is called when poll reports that the device failed. Dequeuing a frame
// then returns the driver's error. If it returns neither an error nor a frame,
// failure returns EIO, because polling such a device again would spin.
func (s *Stream) failure() error {
	if err := s.newest(never); err != nil {
		return err
	}
	if s.current == noBuffer {
		return unix.EIO
	}
	return nil
}

// timeout is how long the next frame may take.
func (s *Stream) timeout() time.Duration {
	if s.limit > 0 {
		return s.limit
	}
	if !s.anyFrame {
		return firstTimeout
	}
	if s.rate > 0 {
		frames := min(3/s.rate, maxTimeout.Seconds())
		return min(nextTimeout+time.Duration(frames*float64(time.Second)), maxTimeout)
	}
	return nextTimeout
}

func (s *Stream) timedOut(timeout time.Duration, damaged uint64) error {
	problem := fmt.Sprintf("no frame for %.1f s", timeout.Seconds())
	if damaged > 0 {
		problem = fmt.Sprintf("no whole frame for %.1f s, %d damaged ones: a bad cable or USB port, or too little power",
			timeout.Seconds(), damaged)
	}
	return deviceerr.New(s.device.path, problem, deviceerr.ErrNoFrame)
}

// never, for newest, is more than the buffers of any device.
const never = maxBuffers + 1

// newest dequeues all filled buffers, keeps the newest frame as the current one
// and queues the others again. If there are staleFrom or more of them, the driver
// had run out of buffers: even the newest may be old, and it is queued again too.
func (s *Stream) newest(staleFrom int) error {
	filled := 0
	for range s.queued {
		i, err := s.dequeue()
		if errors.Is(err, unix.EAGAIN) {
			break
		}
		if err != nil {
			return err
		}
		filled++
		unused := i
		if s.accept(i) {
			unused, s.current = s.current, i
		}
		if err := s.queue(unused); err != nil {
			return err
		}
	}
	if filled >= staleFrom {
		return s.requeue()
	}
	return nil
}

// requeue passes the current buffer, if any, back to the driver.
func (s *Stream) requeue() error {
	i := s.current
	s.current = noBuffer
	return s.queue(i)
}

// dequeue takes a filled buffer from the driver. Without one it returns EAGAIN.
func (s *Stream) dequeue() (int, error) {
	s.prepareArgument(0)
	if err := s.device.ioctl(vidiocDqbuf, unsafe.Pointer(&s.argument)); err != nil {
		return noBuffer, err
	}
	s.queued--
	if s.argument.index >= uint32(len(s.buffers)) {
		return noBuffer, fmt.Errorf("the driver returned buffer %d of %d", s.argument.index, len(s.buffers))
	}
	return int(s.argument.index), nil
}

// accept fills in the frame from buffer i, which was just dequeued, and reports
// whether the frame is complete.
func (s *Stream) accept(i int) bool {
	s.count(s.argument.sequence)
	used, offset := int(s.argument.bytesUsed), 0
	if s.multiPlanar() {
		used, offset = int(s.planes[0].bytesUsed), int(s.planes[0].dataOffset)
	}
	memory := s.buffers[i]
	used = min(used, len(memory))
	if s.argument.flags&bufFlagError != 0 || offset > used || !s.complete(memory[offset:used]) {
		s.damaged++
		return false
	}
	s.frame.Data = memory[offset:used:used]
	s.frame.Time = s.captureTime()
	return true
}

// complete reports whether data has the size of a frame. A JPEG need only start
// within its first bytes, as some cameras put a header before it; its decoder
// detects truncation.
func (s *Stream) complete(data []byte) bool {
	if s.format.FourCC == pixel.MJPEG {
		return len(data) > 2 && bytes.Contains(data[:min(len(data), picture.HeadSize)], []byte{0xff, 0xd8}) // start of image (SOI)
	}
	return len(data) >= s.format.Size()
}

// count advances the frame's sequence number by the driver's. Some drivers do not
// count, or start again.
func (s *Stream) count(sequence uint32) {
	step := sequence - s.lastCount // wraps around
	switch {
	case !s.anyFrame:
		s.anyFrame, step = true, 0
	case step == 0 || step > 1<<31: // the driver does not count, or has restarted
		step = 1
	}
	s.lastCount = sequence
	s.frame.Sequence += uint64(step)
}

// captureTime converts the dequeued buffer's timestamp.
func (s *Stream) captureTime() time.Time {
	now := time.Now()
	if s.argument.flags&bufFlagTimestampMask != bufFlagTimestampMonotonic {
		return now
	}
	stamp := time.Duration(s.argument.seconds)*time.Second + time.Duration(s.argument.micros)*time.Microsecond
	age := s.device.monotonic() - stamp
	if age < 0 || age > time.Minute { // not of the monotonic clock, although flagged so
		return now
	}
	return now.Add(-age)
}

// Close closes the device and unmaps the last frame.
func (s *Stream) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	d := s.device
	if s.started {
		_ = d.ioctl(vidiocStreamoff, unsafe.Pointer(&d.kind)) // fails if the device is gone; closing it stops the stream too
	}
	s.frame.Data = nil
	var err error
	for _, memory := range s.buffers {
		err = errors.Join(err, d.munmap(memory))
	}
	s.buffers = nil
	s.pinner.Unpin()
	if err = errors.Join(err, d.close()); err != nil {
		return explain(d.path, "close", err)
	}
	return nil
}
