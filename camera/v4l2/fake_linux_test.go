//go:build amd64 || arm64

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

// fake is a driver with one camera. Its clock advances only while a test waits
// for a frame, so that no time is spent. The first four bytes of a picture, after
// the JPEG marker, are its number.
type fake struct {
	capability  capability
	modes       []Mode
	listed      []controlQuery
	menus       map[uint32][]string
	fixedRate   bool
	answer      func(*pixFormat)   // modifies what VIDIOC_S_FMT returns
	fail        map[uintptr]error  // by request
	failPoll    bool               // POLLERR
	finish      func(*buffer) bool // modifies a filled buffer; false: the picture is lost
	offset      uint32             // data_offset
	buffers     uint32             // number allocated; 0: as many as requested
	lastControl control

	pix       pixFormat
	planes    uint8
	interval  time.Duration
	memory    [][]byte
	empty     []int // queued buffers
	filled    buffer
	full      []buffer
	clock     time.Duration
	due       time.Duration // time of the next picture
	sequence  uint32
	streaming bool
	mapped    int
	closed    bool
}

const fakeInterval = 40 * time.Millisecond

// fakeRates are the rates of the fake's sizes.
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
	copy(f.capability.busInfo[:], "usb-1.2")
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

func (f *fake) open(t *testing.T, c Config) *Stream {
	t.Helper()
	s, err := open(f.device(t), c)
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
		return bufTypeVideoCaptureMPlane
	}
	return bufTypeVideoCapture
}

func (f *fake) ioctl(request uintptr, argument unsafe.Pointer) error {
	if err := f.fail[request]; err != nil {
		return err
	}
	switch request {
	case vidiocQuerycap:
		*(*capability)(argument) = f.capability
	case vidiocEnumFmt:
		return f.enumFormats((*formatDescription)(argument))
	case vidiocEnumFramesizes:
		return f.enumSizes((*frameSize)(argument))
	case vidiocEnumFrameintervals:
		return f.enumIntervals((*frameInterval)(argument))
	case vidiocSFmt:
		return f.setFormat(argument)
	case vidiocGParm:
		return f.getParameters((*streamParameters)(argument))
	case vidiocSParm:
		f.setParameters((*streamParameters)(argument))
	case vidiocQueryctrl:
		return f.queryControl((*controlQuery)(argument))
	case vidiocQuerymenu:
		return f.queryMenu((*menuQuery)(argument))
	case vidiocSCtrl:
		f.lastControl = *(*control)(argument)
	case vidiocReqbufs:
		return f.requestBuffers((*requestBuffers)(argument))
	case vidiocQuerybuf:
		return f.queryBuffer((*buffer)(argument))
	case vidiocQbuf:
		f.empty = append(f.empty, int((*buffer)(argument).index))
	case vidiocDqbuf:
		return f.dequeue((*buffer)(argument))
	case vidiocStreamon:
		f.streaming, f.due = true, f.clock+f.interval
	case vidiocStreamoff:
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
	s.kind, s.size = typeDiscrete, [6]uint32{uint32(size.Width), uint32(size.Height)}
	if size.StepX > 0 {
		s.kind = typeDiscrete + 2 // V4L2_FRMSIZE_TYPE_STEPWISE
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
			i.kind = typeDiscrete
			i.interval[0] = fraction{1000, uint32(1000 * s.Rates[i.index])}
			return nil
		}
	}
	return unix.EINVAL
}

// setFormat replaces a pixel format that the fake lacks by its first.
func (f *fake) setFormat(argument unsafe.Pointer) error {
	single, multi := (*formatSingle)(argument), (*formatMPlane)(argument)
	if single.kind != f.kind() {
		return unix.EINVAL
	}
	f.pix = single.pix
	if f.kind() == bufTypeVideoCaptureMPlane {
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
	if f.kind() == bufTypeVideoCapture {
		single.pix = f.pix
		return nil
	}
	multi.pix.width, multi.pix.height, multi.pix.pixelFormat = f.pix.width, f.pix.height, f.pix.pixelFormat
	multi.pix.field, multi.pix.numPlanes = f.pix.field, f.planes
	multi.pix.planeFmt[0] = planeFormat{sizeImage: f.pix.sizeImage, bytesPerLine: f.pix.bytesPerLine}
	multi.pix.colorspace, multi.pix.ycbcrEnc = f.pix.colorspace, uint8(f.pix.ycbcrEnc)
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

// setParameters sets any rate up to the fake's highest.
func (f *fake) setParameters(p *streamParameters) {
	requested := time.Duration(float64(p.timePerFrame.numerator) / float64(p.timePerFrame.denominator) * float64(time.Second))
	f.interval = max(requested, fakeInterval)
	p.timePerFrame = fraction{uint32(f.interval.Milliseconds()), 1000}
}

func (f *fake) queryControl(q *controlQuery) error {
	for _, c := range f.listed {
		if c.id > q.id&^ctrlFlagNextCtrl {
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
	f.empty, f.full = make([]int, 0, 100), make([]buffer, 0, 100)
	return nil
}

// planesOf returns the planes whose address the buffer holds.
func planesOf(b *buffer) *[maxPlanes]plane {
	return (*[maxPlanes]plane)(*(*unsafe.Pointer)(unsafe.Pointer(&b.m)))
}

func (f *fake) queryBuffer(b *buffer) error {
	offset, length := uint64(b.index)<<20, uint32(len(f.memory[b.index]))
	if b.kind == bufTypeVideoCaptureMPlane {
		planesOf(b)[0] = plane{m: offset, length: length}
		return nil
	}
	b.m, b.length = offset, length
	return nil
}

// advance moves the clock and takes the pictures whose time has come.
func (f *fake) advance(d time.Duration) {
	f.clock += d
	for f.streaming && f.due <= f.clock {
		f.take()
		f.sequence++
		f.due += f.interval
	}
}

// take fills a buffer, if one is queued.
func (f *fake) take() {
	if len(f.empty) == 0 {
		return
	}
	i := f.empty[0]
	f.filled = buffer{
		index: uint32(i), kind: f.kind(), memory: memoryMMap, sequence: f.sequence,
		bytesUsed: f.pix.sizeImage + f.offset, flags: bufFlagTimestampMonotonic,
		seconds: int64(f.due / time.Second), micros: int64(f.due % time.Second / time.Microsecond),
	}
	picture := f.memory[i][f.offset:]
	if pixel.FourCC(f.pix.pixelFormat).IsJPEG() {
		copy(picture, "\xff\xd8")
		picture = picture[2:]
	}
	binary.LittleEndian.PutUint32(picture, f.sequence)
	if f.finish != nil && !f.finish(&f.filled) {
		return
	}
	f.empty = append(f.empty[:0], f.empty[1:]...)
	f.full = append(f.full, f.filled)
}

func (f *fake) dequeue(b *buffer) error {
	if len(f.full) == 0 {
		return unix.EAGAIN
	}
	got := f.full[0]
	f.full = append(f.full[:0], f.full[1:]...)
	if b.kind == bufTypeVideoCaptureMPlane {
		planesOf(b)[0] = plane{bytesUsed: got.bytesUsed, dataOffset: f.offset}
		got.bytesUsed, got.m, got.length = 0, b.m, b.length
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
		f.advance(min(timeout, max(f.due-f.clock, time.Millisecond)))
	}
	if len(f.full) == 0 {
		return notReady, nil
	}
	return frameReady, nil
}

func (f *fake) monotonic() time.Duration { return f.clock }

func (f *fake) close() error {
	f.closed = true
	return nil
}
