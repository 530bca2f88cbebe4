//go:build linux && (amd64 || arm64)

package v4l2

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"halfmeg/camera/internal/deviceerr"
	"halfmeg/camera/pixel"
)

// Frame is one picture.
type Frame struct {
	Data     []byte    // in the driver's memory: the caller's until the next Next or Close
	Time     time.Time // when it was taken, as the driver says, or where it does not, when it was read
	Sequence uint64    // counted from 0; a gap is that many frames lost or dropped
}

// Stream is a device that streams. Its methods are for one goroutine.
type Stream struct {
	device  *device
	format  pixel.Format
	rate    float64 // frames a second, 0 where not known
	buffers [][]byte
	held    int // the buffer that the caller reads, or none
	queued  int // how many the driver has
	frame   Frame

	// What passes to the driver and back; here so that a frame allocates
	// nothing. The driver finds planes by its address, so it is pinned.
	message buffer
	planes  [maxPlanes]plane
	pinner  runtime.Pinner

	started  bool
	numbered bool // whether a first frame has come
	number   uint32
	damaged  uint64 // frames that were not whole
	closed   bool
}

const none = -1

const (
	// wantedBuffers: one is read, one is filled, and two are in reserve.
	wantedBuffers = 4
	leastBuffers  = 2
	mostBuffers   = 32

	// glance is how long one poll may last: a context that ends is seen
	// after that time.
	glance = 50 * time.Millisecond

	// firstPatience is how long the first frame may take: webcams first find
	// their exposure. patience, and three frames' time, is for those after it,
	// but at most mostPatience: a driver may tell any rate.
	firstPatience = 5 * time.Second
	patience      = 2 * time.Second
	mostPatience  = time.Minute
)

// Open opens the device of that path, sets it up as wished and starts it.
func Open(path string, w Wishes) (*Stream, error) {
	d, err := openDevice(path)
	if err != nil {
		return nil, err
	}
	return open(d, w)
}

// open starts a device. It closes the device where that fails.
func open(d *device, w Wishes) (*Stream, error) {
	s := &Stream{device: d, held: none}
	if err := s.start(w); err != nil {
		_ = s.Close() // what failed first says more
		return nil, explain(d.path, "start", err)
	}
	return s, nil
}

func (s *Stream) start(w Wishes) error {
	d := s.device
	if reason := d.unfit(); reason != "" {
		if reason == unfed {
			return deviceerr.New(d.path, reason, nil) // waiting for it is of use
		}
		return d.wish("%s", reason)
	}
	if err := s.setUp(w); err != nil {
		return err
	}
	s.pinner.Pin(&s.planes)
	if err := s.mapBuffers(); err != nil {
		return fmt.Errorf("get memory for frames: %w", err)
	}
	for i := range s.buffers {
		if err := s.queue(i); err != nil {
			return fmt.Errorf("give memory for frames: %w", err)
		}
	}
	if err := d.ioctl(streamOn, unsafe.Pointer(&d.kind)); err != nil {
		return fmt.Errorf("start the stream: %w", err)
	}
	s.started = true
	return nil
}

// setUp sets format, rate and controls.
func (s *Stream) setUp(w Wishes) error {
	d := s.device
	c, err := d.choose(w)
	if err != nil {
		return err
	}
	if s.format, err = d.setFormat(c); err != nil {
		return err
	}
	rate := w.Rate
	if rate == 0 {
		rate = defaultRate
	}
	if s.rate, err = d.setRate(rate); err != nil {
		return err
	}
	for _, setting := range w.Controls {
		if err := d.set(setting); err != nil {
			return err
		}
	}
	return nil
}

// mapBuffers has the driver make buffers and maps them.
func (s *Stream) mapBuffers() error {
	r := requestBuffers{count: wantedBuffers, kind: s.device.kind, memory: memoryMMap}
	if err := s.device.ioctl(requestBuffer, unsafe.Pointer(&r)); err != nil {
		return err
	}
	if r.count < leastBuffers || r.count > mostBuffers {
		return fmt.Errorf("the driver gives %d buffers", r.count)
	}
	for i := range int(r.count) {
		s.address(i)
		if err := s.device.ioctl(queryBuffer, unsafe.Pointer(&s.message)); err != nil {
			return err
		}
		offset, length := s.message.where, s.message.length
		if s.multiPlanar() {
			offset, length = s.planes[0].where, s.planes[0].length
		}
		if int(length) < s.format.Size() {
			return fmt.Errorf("the driver's buffers have %d bytes, a frame %d", length, s.format.Size())
		}
		memory, err := s.device.mmap(int64(uint32(offset)), int(length)) // the kernel fills 32 of the union's bits
		if err != nil {
			return err
		}
		s.buffers = append(s.buffers, memory)
	}
	return nil
}

func (s *Stream) multiPlanar() bool { return s.device.kind == bufVideoCaptureMPlane }

// address makes the message one about buffer i.
func (s *Stream) address(i int) {
	s.message = buffer{index: uint32(i), kind: s.device.kind, memory: memoryMMap}
	if s.multiPlanar() {
		s.planes = [maxPlanes]plane{}
		s.message.where = uint64(uintptr(unsafe.Pointer(&s.planes)))
		s.message.length = 1
	}
}

// queue gives buffer i, if it is one, to the driver to be filled.
func (s *Stream) queue(i int) error {
	if i == none {
		return nil
	}
	s.address(i)
	if err := s.device.ioctl(queueBuffer, unsafe.Pointer(&s.message)); err != nil {
		return err
	}
	s.queued++
	return nil
}

// Format is that of the frames.
func (s *Stream) Format() pixel.Format { return s.format }

// Next waits for a frame and gives the newest there is.
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
	patience := s.patience()
	deadline := s.device.monotonic() + patience
	damaged := s.damaged
	old := s.queued // the buffers that could be filled since the last Next
	if err := s.giveBack(); err != nil {
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.newest(old); err != nil || s.held != none {
			return err
		}
		old = anyAge // for what comes now is new
		seen, err := s.device.poll(glance)
		if err != nil {
			return err
		}
		if seen == deviceFailed {
			return s.failure()
		}
		if s.device.monotonic() > deadline {
			return s.hung(patience, s.damaged-damaged)
		}
	}
}

// failure is what the driver says is wrong when it is asked for a frame. One
// that says nothing would keep us busy for ever.
func (s *Stream) failure() error {
	if err := s.newest(anyAge); err != nil {
		return err
	}
	if s.held == none {
		return unix.EIO
	}
	return nil
}

// patience is how long a frame may take.
func (s *Stream) patience() time.Duration {
	if !s.numbered {
		return firstPatience
	}
	if s.rate > 0 {
		frames := min(3/s.rate, mostPatience.Seconds())
		return min(patience+time.Duration(frames*float64(time.Second)), mostPatience)
	}
	return patience
}

func (s *Stream) hung(patience time.Duration, damaged uint64) error {
	problem := fmt.Sprintf("has given no frame for %.1f s", patience.Seconds())
	if damaged > 0 {
		problem += fmt.Sprintf(" but %d damaged ones: a bad cable or USB port, or too little power", damaged)
	}
	return deviceerr.New(s.device.path, problem, deviceerr.ErrNoFrame)
}

// anyAge makes newest take what there is: no device has so many buffers.
const anyAge = mostBuffers + 1

// newest takes all frames that are ready, holds the newest and gives the
// others back. If they are as many as old, then the driver had no buffer left
// for newer pictures: the newest of these may be of any age, and it is given
// back, too.
func (s *Stream) newest(old int) error {
	taken := 0
	for range s.queued {
		i, err := s.dequeue()
		if errors.Is(err, unix.EAGAIN) {
			break
		}
		if err != nil {
			return err
		}
		taken++
		back := i
		if s.accept(i) {
			back, s.held = s.held, i
		}
		if err := s.queue(back); err != nil {
			return err
		}
	}
	if taken >= old {
		return s.giveBack()
	}
	return nil
}

// giveBack lets the driver fill the buffer that is held, if one is.
func (s *Stream) giveBack() error {
	back := s.held
	s.held = none
	return s.queue(back)
}

// dequeue takes a filled buffer from the driver; EAGAIN where none is.
func (s *Stream) dequeue() (int, error) {
	s.address(0)
	if err := s.device.ioctl(dequeueBuffer, unsafe.Pointer(&s.message)); err != nil {
		return none, err
	}
	s.queued--
	if s.message.index >= uint32(len(s.buffers)) {
		return none, fmt.Errorf("the driver gives buffer %d of %d", s.message.index, len(s.buffers))
	}
	return int(s.message.index), nil
}

// accept makes the frame of buffer i, about which the message is, and tells
// whether it is whole.
func (s *Stream) accept(i int) bool {
	s.count(s.message.sequence)
	used, offset := int(s.message.bytesUsed), 0
	if s.multiPlanar() {
		used, offset = int(s.planes[0].bytesUsed), int(s.planes[0].dataOffset)
	}
	memory := s.buffers[i]
	used = min(used, len(memory))
	if s.message.flags&flagError != 0 || offset > used || !s.whole(memory[offset:used]) {
		s.damaged++
		return false
	}
	s.frame.Data = memory[offset:used:used]
	s.frame.Time = s.taken()
	return true
}

// whole tells whether these are the bytes of a frame. A JPEG that breaks off
// is left for its decoder to find.
func (s *Stream) whole(data []byte) bool {
	if s.format.FourCC == pixel.MJPEG {
		return len(data) > 2 && data[0] == 0xff && data[1] == 0xd8 // start of image
	}
	return len(data) >= s.format.Size()
}

// count numbers a frame by the driver's numbers, some of which stand still.
func (s *Stream) count(number uint32) {
	step := number - s.number
	switch {
	case !s.numbered:
		s.numbered, step = true, 0
	case step == 0 || step > 1<<31: // stands still, or goes back
		step = 1
	}
	s.number = number
	s.frame.Sequence += uint64(step)
}

// taken is the driver's time of the frame that the message is about.
func (s *Stream) taken() time.Time {
	now := time.Now()
	if s.message.flags&flagTimestampMask != flagTimestampMonotonic {
		return now
	}
	stamp := time.Duration(s.message.seconds)*time.Second + time.Duration(s.message.micros)*time.Microsecond
	age := s.device.monotonic() - stamp
	if age < 0 || age > time.Minute { // of another clock, whatever the driver says
		return now
	}
	return now.Add(-age)
}

// Close lets the device go. The last frame's memory is gone then.
func (s *Stream) Close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	d := s.device
	if s.started {
		_ = d.ioctl(streamOff, unsafe.Pointer(&d.kind)) // of one that is gone it fails, and closing does it, too
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
