//go:build linux && (amd64 || arm64)

package v4l2

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"halfmeg/camera/pixel"
)

// fake is a driver with one camera. Its time passes only while one waits for
// it, so that tests take none. The first four bytes of its pictures, after
// the JPEG marker, are their numbers.
type fake struct {
	capability  capability
	modes       []Mode
	listed      []controlQuery
	menus       map[uint32][]string
	fixedRate   bool
	answer      func(*pixFormat)   // changes the answer to S_FMT
	fail        map[uintptr]error  // the error of each request
	failPoll    bool               // POLLERR
	finish      func(*buffer) bool // changes a full buffer; false: the picture never comes
	offset      uint32             // data_offset
	buffers     uint32             // how many it gives; 0: as many as asked for
	lastControl control

	pix       pixFormat
	planes    uint8
	interval  time.Duration
	memory    [][]byte
	waiting   []int // buffers to be filled
	filled    buffer
	full      []buffer
	clock     time.Duration
	due       time.Duration // of the next picture
	sequence  uint32
	streaming bool
	mapped    int
	closed    bool
}

const fakeInterval = 40 * time.Millisecond

// Rates of the fake's sizes.
var fakeRates = []float64{25, 10}

func newFake(modes ...Mode) *fake {
	f := &fake{
		modes:    modes,
		fail:     map[uintptr]error{},
		planes:   1,
		interval: fakeInterval,
		clock:    1000 * time.Second,
	}
	copy(f.capability.driver[:], "fake")
	copy(f.capability.card[:], "Fake camera")
	copy(f.capability.bus[:], "usb-1.2")
	f.capability.capabilities = capVideoCapture | capMetaCapture | capStreaming | capDeviceCaps
	f.capability.deviceCapabilities = capVideoCapture | capStreaming
	return f
}

// webcam has two formats in two sizes.
func webcam() *fake {
	return newFake(
		Mode{pixel.MJPEG, []Size{sized(640, 480), sized(1280, 720)}},
		Mode{pixel.YUYV, []Size{sized(640, 480), sized(320, 240)}},
	)
}

func sized(width, height int) Size {
	return Size{Width: width, Height: height, MaxWidth: width, MaxHeight: height, Rates: fakeRates}
}

func (f *fake) device(t *testing.T) *device {
	t.Helper()
	d, err := newDevice("/dev/video7", f)
	require.NoError(t, err)
	return d
}

func (f *fake) open(t *testing.T, w Wishes) *Stream {
	t.Helper()
	s, err := open(f.device(t), w)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func (f *fake) multiPlanar() *fake {
	f.capability.deviceCapabilities = capVideoCaptureMPlane | capStreaming
	return f
}

func (f *fake) kind() uint32 {
	if f.capability.deviceCapabilities&capVideoCaptureMPlane != 0 {
		return bufVideoCaptureMPlane
	}
	return bufVideoCapture
}

func (f *fake) ioctl(request uintptr, argument unsafe.Pointer) error {
	if err := f.fail[request]; err != nil {
		return err
	}
	switch request {
	case queryCapability:
		*(*capability)(argument) = f.capability
	case enumFormats:
		return f.enumFormats((*formatDescription)(argument))
	case enumFrameSizes:
		return f.enumSizes((*frameSize)(argument))
	case enumFrameIntervals:
		return f.enumIntervals((*frameInterval)(argument))
	case setFormat:
		return f.setFormat(argument)
	case getParameters:
		return f.getParameters((*streamParameters)(argument))
	case setParameters:
		f.setParameters((*streamParameters)(argument))
	case queryControl:
		return f.queryControl((*controlQuery)(argument))
	case queryMenu:
		return f.queryMenu((*menuQuery)(argument))
	case setControl:
		f.lastControl = *(*control)(argument)
	case requestBuffer:
		return f.requestBuffers((*requestBuffers)(argument))
	case queryBuffer:
		return f.queryBuffer((*buffer)(argument))
	case queueBuffer:
		f.waiting = append(f.waiting, int((*buffer)(argument).index))
	case dequeueBuffer:
		return f.dequeue((*buffer)(argument))
	case streamOn:
		f.streaming, f.due = true, f.clock+f.interval
	case streamOff:
		f.streaming = false
	default:
		return unix.ENOTTY
	}
	return nil
}

func (f *fake) enumFormats(d *formatDescription) error {
	if d.kind != f.kind() || int(d.index) >= len(f.modes) {
		return unix.EINVAL
	}
	d.pixelFormat = uint32(f.modes[d.index].FourCC)
	return nil
}

func (f *fake) mode(code uint32) int {
	return slices.IndexFunc(f.modes, func(m Mode) bool { return m.FourCC == pixel.FourCC(code) })
}

func (f *fake) enumSizes(s *frameSize) error {
	m := f.mode(s.pixelFormat)
	if m < 0 || int(s.index) >= len(f.modes[m].Sizes) {
		return unix.EINVAL
	}
	size := f.modes[m].Sizes[s.index]
	s.kind, s.size = kindDiscrete, [6]uint32{uint32(size.Width), uint32(size.Height)}
	if size.StepX > 0 {
		s.kind = 3
		s.size = [6]uint32{
			uint32(size.Width), uint32(size.MaxWidth), uint32(size.StepX),
			uint32(size.Height), uint32(size.MaxHeight), uint32(size.StepY),
		}
	}
	return nil
}

func (f *fake) enumIntervals(i *frameInterval) error {
	m := f.mode(i.pixelFormat)
	if m < 0 {
		return unix.EINVAL
	}
	for _, s := range f.modes[m].Sizes {
		if s.MaxWidth == int(i.width) && s.MaxHeight == int(i.height) && int(i.index) < len(s.Rates) {
			i.kind = kindDiscrete
			i.interval[0] = fraction{1000, uint32(1000 * s.Rates[i.index])}
			return nil
		}
	}
	return unix.EINVAL
}

// setFormat takes what it knows and answers all else with its first format.
func (f *fake) setFormat(argument unsafe.Pointer) error {
	single, multi := (*formatSingle)(argument), (*formatMPlane)(argument)
	if single.kind != f.kind() {
		return unix.EINVAL
	}
	f.pix = single.pix
	if f.kind() == bufVideoCaptureMPlane {
		f.pix = pixFormat{width: multi.pix.width, height: multi.pix.height, pixelFormat: multi.pix.pixelFormat, field: multi.pix.field}
	}
	if f.mode(f.pix.pixelFormat) < 0 {
		f.pix.pixelFormat = uint32(f.modes[0].FourCC)
	}
	full := pixel.Format{FourCC: pixel.FourCC(f.pix.pixelFormat), Width: int(f.pix.width), Height: int(f.pix.height)}
	full.Stride = full.MinStride()
	f.pix.bytesPerLine, f.pix.sizeImage = uint32(full.Stride), uint32(full.Size())
	if full.Size() == 0 {
		f.pix.sizeImage = f.pix.width * f.pix.height
	}
	if f.answer != nil {
		f.answer(&f.pix)
	}
	if f.kind() == bufVideoCapture {
		single.pix = f.pix
		return nil
	}
	multi.pix.width, multi.pix.height, multi.pix.pixelFormat = f.pix.width, f.pix.height, f.pix.pixelFormat
	multi.pix.field, multi.pix.planes = f.pix.field, f.planes
	multi.pix.plane[0] = planeFormat{sizeImage: f.pix.sizeImage, bytesPerLine: f.pix.bytesPerLine}
	multi.pix.colorspace, multi.pix.ycbcr = f.pix.colorspace, uint8(f.pix.ycbcr)
	return nil
}

func (f *fake) getParameters(p *streamParameters) error {
	if f.fixedRate {
		return unix.ENOTTY
	}
	p.capability = capTimePerFrame
	p.timePerFrame = fraction{uint32(f.interval.Milliseconds()), 1000}
	return nil
}

// setParameters takes any rate up to the fake's highest.
func (f *fake) setParameters(p *streamParameters) {
	wanted := time.Duration(float64(p.timePerFrame.numerator) / float64(p.timePerFrame.denominator) * float64(time.Second))
	f.interval = max(wanted, fakeInterval)
	p.timePerFrame = fraction{uint32(f.interval.Milliseconds()), 1000}
}

func (f *fake) queryControl(q *controlQuery) error {
	for _, c := range f.listed {
		if c.id > q.id&^nextControl {
			*q = c
			return nil
		}
	}
	return unix.EINVAL
}

func (f *fake) queryMenu(m *menuQuery) error {
	entries := f.menus[m.id]
	if int(m.index) >= len(entries) || entries[m.index] == "" {
		return unix.EINVAL
	}
	copy(m.name[:], entries[m.index])
	return nil
}

func (f *fake) requestBuffers(r *requestBuffers) error {
	size := int(f.pix.sizeImage+f.offset) + 100
	if f.buffers > 0 {
		r.count = f.buffers
	}
	for range r.count {
		f.memory = append(f.memory, bytes.Repeat([]byte{0xaa}, size))
	}
	f.waiting, f.full = make([]int, 0, 100), make([]buffer, 0, 100)
	return nil
}

func planesOf(b *buffer) *[maxPlanes]plane {
	return (*[maxPlanes]plane)(*(*unsafe.Pointer)(unsafe.Pointer(&b.where)))
}

func (f *fake) queryBuffer(b *buffer) error {
	offset, length := uint64(b.index)<<20, uint32(len(f.memory[b.index]))
	if b.kind == bufVideoCaptureMPlane {
		planesOf(b)[0] = plane{where: offset, length: length}
		return nil
	}
	b.where, b.length = offset, length
	return nil
}

// pass lets time pass and takes the pictures that are due.
func (f *fake) pass(d time.Duration) {
	f.clock += d
	for f.streaming && f.due <= f.clock {
		f.take()
		f.sequence++
		f.due += f.interval
	}
}

// take fills a buffer, if one is there.
func (f *fake) take() {
	if len(f.waiting) == 0 {
		return
	}
	i := f.waiting[0]
	f.filled = buffer{
		index: uint32(i), kind: f.kind(), memory: memoryMMap, sequence: f.sequence,
		bytesUsed: f.pix.sizeImage + f.offset, flags: flagTimestampMonotonic,
		seconds: int64(f.due / time.Second), micros: int64(f.due % time.Second / time.Microsecond),
	}
	picture := f.memory[i][f.offset:]
	if pixel.FourCC(f.pix.pixelFormat) == pixel.MJPEG {
		copy(picture, "\xff\xd8")
		picture = picture[2:]
	}
	binary.LittleEndian.PutUint32(picture, f.sequence)
	if f.finish != nil && !f.finish(&f.filled) {
		return
	}
	f.waiting = append(f.waiting[:0], f.waiting[1:]...)
	f.full = append(f.full, f.filled)
}

func (f *fake) dequeue(b *buffer) error {
	if len(f.full) == 0 {
		return unix.EAGAIN
	}
	got := f.full[0]
	f.full = append(f.full[:0], f.full[1:]...)
	if b.kind == bufVideoCaptureMPlane {
		planesOf(b)[0] = plane{bytesUsed: got.bytesUsed, dataOffset: f.offset}
		got.bytesUsed, got.where, got.length = 0, b.where, b.length
	}
	*b = got
	return nil
}

func (f *fake) mmap(offset int64, _ int) ([]byte, error) {
	f.mapped++
	return f.memory[offset>>20], nil
}

func (f *fake) munmap([]byte) error {
	f.mapped--
	return nil
}

func (f *fake) poll(timeout time.Duration) (readiness, error) {
	if f.failPoll {
		return deviceFailed, nil
	}
	if len(f.full) == 0 {
		f.pass(min(timeout, max(f.due-f.clock, time.Millisecond)))
	}
	if len(f.full) == 0 {
		return nothingYet, nil
	}
	return frameReady, nil
}

func (f *fake) monotonic() time.Duration { return f.clock }

func (f *fake) close() error {
	f.closed = true
	return nil
}
