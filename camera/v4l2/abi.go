//go:build linux && (amd64 || arm64)

package v4l2

import "unsafe"

// What the kernel and we hand each other, as in its header
// linux/videodev2.h for 64-bit systems. Names are the kernel's, in Go's
// spelling; only what is used here has a name.

type capability struct { // v4l2_capability
	driver             [16]byte
	card               [32]byte
	bus                [32]byte
	version            uint32
	capabilities       uint32
	deviceCapabilities uint32
	_                  [3]uint32
}

// Bits of capability.
const (
	capVideoCapture       = 0x00000001
	capVideoOutput        = 0x00000002
	capVideoCaptureMPlane = 0x00001000
	capVideoOutputMPlane  = 0x00002000
	capVideoM2MMPlane     = 0x00004000
	capVideoM2M           = 0x00008000
	capMetaCapture        = 0x00800000
	capStreaming          = 0x04000000
	capMetaOutput         = 0x08000000
	capDeviceCaps         = 0x80000000 // deviceCapabilities is filled in
)

// Kinds of buffer: pictures from a camera, in the older interface and in the
// one in which a picture's planes may lie apart.
const (
	bufVideoCapture       = 1
	bufVideoCaptureMPlane = 9
)

type formatDescription struct { // v4l2_fmtdesc
	index       uint32
	kind        uint32
	flags       uint32
	description [32]byte
	pixelFormat uint32
	mbusCode    uint32
	_           [3]uint32
}

// Kinds of an enumerated size or interval: one, or a range with steps.
const kindDiscrete = 1

type frameSize struct { // v4l2_frmsizeenum
	index       uint32
	pixelFormat uint32
	kind        uint32
	// Discrete: width, height. Otherwise least and greatest width and the
	// step between, then the same of the height.
	size [6]uint32
	_    [2]uint32
}

type fraction struct{ numerator, denominator uint32 } // v4l2_fract

type frameInterval struct { // v4l2_frmivalenum
	index       uint32
	pixelFormat uint32
	width       uint32
	height      uint32
	kind        uint32
	interval    [3]fraction // discrete: one; otherwise least, greatest and step, in seconds
	_           [2]uint32
}

type pixFormat struct { // v4l2_pix_format
	width        uint32
	height       uint32
	pixelFormat  uint32
	field        uint32
	bytesPerLine uint32
	sizeImage    uint32
	colorspace   uint32
	private      uint32
	flags        uint32
	ycbcr        uint32
	quantization uint32
	transfer     uint32
}

// privateMagic in pixFormat.private says that the fields after it are valid.
const privateMagic = 0xfeedcafe

type planeFormat struct { // v4l2_plane_pix_format
	sizeImage    uint32
	bytesPerLine uint32
	_            [6]uint16
}

const maxPlanes = 8

type pixFormatMPlane struct { // v4l2_pix_format_mplane
	width        uint32
	height       uint32
	pixelFormat  uint32
	field        uint32
	colorspace   uint32
	plane        [maxPlanes]planeFormat
	planes       uint8
	flags        uint8
	ycbcr        uint8
	quantization uint8
	transfer     uint8
	_            [7]uint8
}

// The two uses that v4l2_format has here. The union in it is as long as
// formatUnion and aligned as a pointer.
const formatUnion = 200

type formatSingle struct {
	kind uint32
	_    uint32
	pix  pixFormat
	_    [formatUnion - unsafe.Sizeof(pixFormat{})]byte
}

type formatMPlane struct {
	kind uint32
	_    uint32
	pix  pixFormatMPlane
	_    [formatUnion - unsafe.Sizeof(pixFormatMPlane{})]byte
}

// How the rows of two fields lie in a picture.
const (
	fieldAny        = 0
	fieldNone       = 1 // no fields: all rows were taken together
	fieldInterlaced = 4 // both fields, row by row
)

type streamParameters struct { // v4l2_streamparm with v4l2_captureparm
	kind         uint32
	capability   uint32
	mode         uint32
	timePerFrame fraction
	extended     uint32
	readBuffers  uint32
	_            [formatUnion - 24]byte
}

// capTimePerFrame in streamParameters.capability: the rate can be set.
const capTimePerFrame = 0x1000

type requestBuffers struct { // v4l2_requestbuffers
	count        uint32
	kind         uint32
	memory       uint32
	capabilities uint32
	flags        uint8
	_            [3]uint8
}

// memoryMMap: the kernel has the buffers and we map them.
const memoryMMap = 1

type buffer struct { // v4l2_buffer
	index     uint32
	kind      uint32
	bytesUsed uint32
	flags     uint32
	field     uint32
	_         uint32
	seconds   int64
	micros    int64
	timecode  [16]byte
	sequence  uint32
	memory    uint32
	where     uint64 // union m: an offset for mmap, or the address of the planes
	length    uint32 // bytes, or number of planes
	_         uint32
	_         uint32
	_         uint32
}

// Bits of buffer.flags.
const (
	flagError              = 0x00000040 // the picture is damaged
	flagTimestampMask      = 0x0000e000
	flagTimestampMonotonic = 0x00002000
)

type plane struct { // v4l2_plane
	bytesUsed  uint32
	length     uint32
	where      uint64 // union m: an offset for mmap
	dataOffset uint32 // bytes before the picture, counted in bytesUsed
	_          [11]uint32
}

type control struct { // v4l2_control
	id    uint32
	value int32
}

type controlQuery struct { // v4l2_queryctrl
	id      uint32
	kind    uint32
	name    [32]byte
	minimum int32
	maximum int32
	step    int32
	initial int32
	flags   uint32
	_       [2]uint32
}

// nextControl, added to controlQuery.id, asks for the first after that id.
const nextControl = 0x80000000

// Kinds of control, those that one 32-bit number sets.
const (
	controlInteger     = 1
	controlBoolean     = 2
	controlMenu        = 3
	controlButton      = 4
	controlBitmask     = 8
	controlIntegerMenu = 9
)

// Bits of controlQuery.flags.
const (
	controlDisabled = 0x0001
	controlReadOnly = 0x0004
	controlInactive = 0x0010 // another control, as an automatic, rules it
)

type menuQuery struct { // v4l2_querymenu, packed
	id    uint32
	index uint32
	name  [32]byte // or, of an integer menu, an int64
	_     uint32
}

// Requests are numbers made of direction, size of the argument, the letter V
// and a number (asm-generic/ioctl.h); that of the first is 0.
const (
	writes = 1 << 30
	reads  = 2 << 30
	video  = 'V' << 8

	queryCapability    = reads | unsafe.Sizeof(capability{})<<16 | video
	enumFormats        = reads | writes | unsafe.Sizeof(formatDescription{})<<16 | video | 2
	setFormat          = reads | writes | unsafe.Sizeof(formatSingle{})<<16 | video | 5
	requestBuffer      = reads | writes | unsafe.Sizeof(requestBuffers{})<<16 | video | 8
	queryBuffer        = reads | writes | unsafe.Sizeof(buffer{})<<16 | video | 9
	queueBuffer        = reads | writes | unsafe.Sizeof(buffer{})<<16 | video | 15
	dequeueBuffer      = reads | writes | unsafe.Sizeof(buffer{})<<16 | video | 17
	streamOn           = writes | unsafe.Sizeof(int32(0))<<16 | video | 18
	streamOff          = writes | unsafe.Sizeof(int32(0))<<16 | video | 19
	getParameters      = reads | writes | unsafe.Sizeof(streamParameters{})<<16 | video | 21
	setParameters      = reads | writes | unsafe.Sizeof(streamParameters{})<<16 | video | 22
	setControl         = reads | writes | unsafe.Sizeof(control{})<<16 | video | 28
	queryControl       = reads | writes | unsafe.Sizeof(controlQuery{})<<16 | video | 36
	queryMenu          = reads | writes | unsafe.Sizeof(menuQuery{})<<16 | video | 37
	enumFrameSizes     = reads | writes | unsafe.Sizeof(frameSize{})<<16 | video | 74
	enumFrameIntervals = reads | writes | unsafe.Sizeof(frameInterval{})<<16 | video | 75
)
