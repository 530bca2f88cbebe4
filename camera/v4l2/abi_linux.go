//go:build amd64 || arm64

package v4l2

import "unsafe"

// The part of linux/videodev2.h that this package uses, as it is laid out on
// 64-bit systems. Constants carry the kernel's name in a comment; a structure's
// field has the kernel's name in Go's spelling, except that type is called
// kind. The tests compare requests, sizes and offsets with those of a C compiler.

type capability struct { // v4l2_capability
	driver             [16]byte
	card               [32]byte
	busInfo            [32]byte
	version            uint32
	capabilities       uint32
	deviceCapabilities uint32
	_                  [3]uint32
}

// Bits of capability.capabilities and capability.deviceCapabilities.
const (
	capVideoCapture       = 0x00000001 // V4L2_CAP_VIDEO_CAPTURE
	capVideoOutput        = 0x00000002 // V4L2_CAP_VIDEO_OUTPUT
	capVideoCaptureMPlane = 0x00001000 // V4L2_CAP_VIDEO_CAPTURE_MPLANE
	capVideoOutputMPlane  = 0x00002000 // V4L2_CAP_VIDEO_OUTPUT_MPLANE
	capVideoM2MMPlane     = 0x00004000 // V4L2_CAP_VIDEO_M2M_MPLANE
	capVideoM2M           = 0x00008000 // V4L2_CAP_VIDEO_M2M
	capMetaCapture        = 0x00800000 // V4L2_CAP_META_CAPTURE
	capStreaming          = 0x04000000 // V4L2_CAP_STREAMING
	capIOMediaController  = 0x20000000 // V4L2_CAP_IO_MC: formats are set up along a media pipeline
	capMetaOutput         = 0x08000000 // V4L2_CAP_META_OUTPUT
	capDeviceCaps         = 0x80000000 // V4L2_CAP_DEVICE_CAPS: deviceCapabilities is valid
)

// Buffer types (enum v4l2_buf_type). In the multi-planar interface the planes
// of a picture may lie in separate pieces of memory.
const (
	bufTypeVideoCapture       = 1 // V4L2_BUF_TYPE_VIDEO_CAPTURE
	bufTypeVideoCaptureMPlane = 9 // V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
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

// typeDiscrete, in frameSize.kind and frameInterval.kind, marks a single value.
// The other types are ranges, with a step or without.
const typeDiscrete = 1 // V4L2_FRMSIZE_TYPE_DISCRETE, V4L2_FRMIVAL_TYPE_DISCRETE

type frameSize struct { // v4l2_frmsizeenum
	index       uint32
	pixelFormat uint32
	kind        uint32
	// size is a union. v4l2_frmsize_discrete: width, height.
	// v4l2_frmsize_stepwise: least width, greatest width, its step, then the
	// same of the height.
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
	interval    [3]fraction // seconds; discrete: one; otherwise least, greatest, step
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
	priv         uint32
	flags        uint32
	ycbcrEnc     uint32
	quantization uint32
	xferFunc     uint32
}

// pixFmtPrivMagic, in pixFormat.priv, says that the fields after it are valid.
const pixFmtPrivMagic = 0xfeedcafe // V4L2_PIX_FMT_PRIV_MAGIC

type planeFormat struct { // v4l2_plane_pix_format
	sizeImage    uint32
	bytesPerLine uint32
	_            [6]uint16
}

const maxPlanes = 8 // VIDEO_MAX_PLANES

type pixFormatMPlane struct { // v4l2_pix_format_mplane
	width        uint32
	height       uint32
	pixelFormat  uint32
	field        uint32
	colorspace   uint32
	planeFmt     [maxPlanes]planeFormat
	numPlanes    uint8
	flags        uint8
	ycbcrEnc     uint8
	quantization uint8
	xferFunc     uint8
	_            [7]uint8
}

// formatUnion is the size of the union in v4l2_format and v4l2_streamparm. The
// one in v4l2_format is aligned as a pointer.
const formatUnion = 200

type formatSingle struct { // v4l2_format with fmt.pix
	kind uint32
	_    uint32
	pix  pixFormat
	_    [formatUnion - unsafe.Sizeof(pixFormat{})]byte
}

type formatMPlane struct { // v4l2_format with fmt.pix_mp
	kind uint32
	_    uint32
	pix  pixFormatMPlane
	_    [formatUnion - unsafe.Sizeof(pixFormatMPlane{})]byte
}

// Field orders (enum v4l2_field).
const (
	fieldAny        = 0 // V4L2_FIELD_ANY
	fieldNone       = 1 // V4L2_FIELD_NONE: progressive
	fieldInterlaced = 4 // V4L2_FIELD_INTERLACED: both fields, row by row

	fieldInterlacedTB = 8 // V4L2_FIELD_INTERLACED_TB: the same, the top field transmitted first
	fieldInterlacedBT = 9 // V4L2_FIELD_INTERLACED_BT: the same, the bottom field transmitted first
)

// Colour spaces (enum v4l2_colorspace).
const (
	colorspaceSMPTE240M = 2  // V4L2_COLORSPACE_SMPTE240M
	colorspaceREC709    = 3  // V4L2_COLORSPACE_REC709
	colorspaceJPEG      = 7  // V4L2_COLORSPACE_JPEG
	colorspaceSRGB      = 8  // V4L2_COLORSPACE_SRGB
	colorspaceBT2020    = 10 // V4L2_COLORSPACE_BT2020
	colorspaceDCIP3     = 12 // V4L2_COLORSPACE_DCI_P3
)

// YCbCr encodings (enum v4l2_ycbcr_encoding).
const (
	ycbcrEncDefault = 0 // V4L2_YCBCR_ENC_DEFAULT: that of the colour space
	ycbcrEnc601     = 1 // V4L2_YCBCR_ENC_601
	ycbcrEnc709     = 2 // V4L2_YCBCR_ENC_709
	ycbcrEncXV601   = 3 // V4L2_YCBCR_ENC_XV601
	ycbcrEncXV709   = 4 // V4L2_YCBCR_ENC_XV709
	ycbcrEncBT2020  = 6 // V4L2_YCBCR_ENC_BT2020
)

// Quantization ranges (enum v4l2_quantization).
const (
	quantizationFullRange = 1 // V4L2_QUANTIZATION_FULL_RANGE
	quantizationLimRange  = 2 // V4L2_QUANTIZATION_LIM_RANGE
)

type streamParameters struct { // v4l2_streamparm with parm.capture (v4l2_captureparm)
	kind         uint32
	capability   uint32
	captureMode  uint32
	timePerFrame fraction
	extendedMode uint32
	readBuffers  uint32
	_            [formatUnion - 24]byte
}

// capTimePerFrame, in streamParameters.capability: the rate can be set.
const capTimePerFrame = 0x1000 // V4L2_CAP_TIMEPERFRAME

type requestBuffers struct { // v4l2_requestbuffers
	count        uint32
	kind         uint32
	memory       uint32
	capabilities uint32
	flags        uint8
	_            [3]uint8
}

// memoryMMap: the driver allocates the buffers and the program maps them.
const memoryMMap = 1 // V4L2_MEMORY_MMAP

type buffer struct { // v4l2_buffer
	index     uint32
	kind      uint32
	bytesUsed uint32
	flags     uint32
	field     uint32
	_         uint32
	seconds   int64 // timestamp.tv_sec
	micros    int64 // timestamp.tv_usec
	timecode  [16]byte
	sequence  uint32
	memory    uint32
	m         uint64 // union: an offset for mmap, or the address of the planes
	length    uint32 // bytes, or number of planes
	_         uint32
	_         uint32
	_         uint32
}

// Bits of buffer.flags.
const (
	bufFlagError              = 0x00000040 // V4L2_BUF_FLAG_ERROR: the picture may be damaged
	bufFlagTimestampMask      = 0x0000e000 // V4L2_BUF_FLAG_TIMESTAMP_MASK
	bufFlagTimestampMonotonic = 0x00002000 // V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC
)

type plane struct { // v4l2_plane
	bytesUsed  uint32
	length     uint32
	m          uint64 // union: an offset for mmap
	dataOffset uint32 // bytes before the picture, counted in bytesUsed
	_          [11]uint32
}

type control struct { // v4l2_control
	id    uint32
	value int32
}

// Control ids that have a short name (see shortNames).
const (
	cidAutoWhiteBalance        = 0x0098090c // V4L2_CID_AUTO_WHITE_BALANCE
	cidExposure                = 0x00980911 // V4L2_CID_EXPOSURE
	cidAutogain                = 0x00980912 // V4L2_CID_AUTOGAIN
	cidGain                    = 0x00980913 // V4L2_CID_GAIN
	cidPowerLineFrequency      = 0x00980918 // V4L2_CID_POWER_LINE_FREQUENCY
	cidWhiteBalanceTemperature = 0x0098091a // V4L2_CID_WHITE_BALANCE_TEMPERATURE
	cidExposureAuto            = 0x009a0901 // V4L2_CID_EXPOSURE_AUTO
	cidExposureAbsolute        = 0x009a0902 // V4L2_CID_EXPOSURE_ABSOLUTE
	cidFocusAbsolute           = 0x009a090a // V4L2_CID_FOCUS_ABSOLUTE
	cidFocusAuto               = 0x009a090c // V4L2_CID_FOCUS_AUTO
	cidAnalogueGain            = 0x009e0903 // V4L2_CID_ANALOGUE_GAIN
)

type controlQuery struct { // v4l2_queryctrl
	id           uint32
	kind         uint32
	name         [32]byte
	minimum      int32
	maximum      int32
	step         int32
	defaultValue int32
	flags        uint32
	_            [2]uint32
}

// ctrlFlagNextCtrl, added to controlQuery.id, requests the next control.
const ctrlFlagNextCtrl = 0x80000000 // V4L2_CTRL_FLAG_NEXT_CTRL

// Control types (enum v4l2_ctrl_type) whose value is one 32-bit number.
const (
	ctrlTypeInteger     = 1 // V4L2_CTRL_TYPE_INTEGER
	ctrlTypeBoolean     = 2 // V4L2_CTRL_TYPE_BOOLEAN
	ctrlTypeMenu        = 3 // V4L2_CTRL_TYPE_MENU
	ctrlTypeButton      = 4 // V4L2_CTRL_TYPE_BUTTON
	ctrlTypeBitmask     = 8 // V4L2_CTRL_TYPE_BITMASK
	ctrlTypeIntegerMenu = 9 // V4L2_CTRL_TYPE_INTEGER_MENU
)

// Bits of controlQuery.flags.
const (
	ctrlFlagDisabled = 0x0001 // V4L2_CTRL_FLAG_DISABLED
	ctrlFlagReadOnly = 0x0004 // V4L2_CTRL_FLAG_READ_ONLY
	ctrlFlagInactive = 0x0010 // V4L2_CTRL_FLAG_INACTIVE: overridden by another control, such as an automatic
)

type menuQuery struct { // v4l2_querymenu, packed
	id    uint32
	index uint32
	name  [32]byte // or, of an integer menu, an int64
	_     uint32
}

// An ioctl request is made of the direction, the size of its argument, a letter
// for the subsystem and a number (asm-generic/ioctl.h).
const (
	iocWrite = 1 << 30 // _IOC_WRITE: the kernel reads the argument
	iocRead  = 2 << 30 // _IOC_READ: the kernel fills in the argument
	iocVideo = 'V' << 8

	vidiocQuerycap           = iocRead | unsafe.Sizeof(capability{})<<16 | iocVideo                       // VIDIOC_QUERYCAP
	vidiocEnumFmt            = iocRead | iocWrite | unsafe.Sizeof(formatDescription{})<<16 | iocVideo | 2 // VIDIOC_ENUM_FMT
	vidiocSFmt               = iocRead | iocWrite | unsafe.Sizeof(formatSingle{})<<16 | iocVideo | 5      // VIDIOC_S_FMT
	vidiocReqbufs            = iocRead | iocWrite | unsafe.Sizeof(requestBuffers{})<<16 | iocVideo | 8    // VIDIOC_REQBUFS
	vidiocQuerybuf           = iocRead | iocWrite | unsafe.Sizeof(buffer{})<<16 | iocVideo | 9            // VIDIOC_QUERYBUF
	vidiocQbuf               = iocRead | iocWrite | unsafe.Sizeof(buffer{})<<16 | iocVideo | 15           // VIDIOC_QBUF
	vidiocDqbuf              = iocRead | iocWrite | unsafe.Sizeof(buffer{})<<16 | iocVideo | 17           // VIDIOC_DQBUF
	vidiocStreamon           = iocWrite | unsafe.Sizeof(int32(0))<<16 | iocVideo | 18                     // VIDIOC_STREAMON
	vidiocStreamoff          = iocWrite | unsafe.Sizeof(int32(0))<<16 | iocVideo | 19                     // VIDIOC_STREAMOFF
	vidiocGParm              = iocRead | iocWrite | unsafe.Sizeof(streamParameters{})<<16 | iocVideo | 21 // VIDIOC_G_PARM
	vidiocSParm              = iocRead | iocWrite | unsafe.Sizeof(streamParameters{})<<16 | iocVideo | 22 // VIDIOC_S_PARM
	vidiocSCtrl              = iocRead | iocWrite | unsafe.Sizeof(control{})<<16 | iocVideo | 28          // VIDIOC_S_CTRL
	vidiocQueryctrl          = iocRead | iocWrite | unsafe.Sizeof(controlQuery{})<<16 | iocVideo | 36     // VIDIOC_QUERYCTRL
	vidiocQuerymenu          = iocRead | iocWrite | unsafe.Sizeof(menuQuery{})<<16 | iocVideo | 37        // VIDIOC_QUERYMENU
	vidiocEnumFramesizes     = iocRead | iocWrite | unsafe.Sizeof(frameSize{})<<16 | iocVideo | 74        // VIDIOC_ENUM_FRAMESIZES
	vidiocEnumFrameintervals = iocRead | iocWrite | unsafe.Sizeof(frameInterval{})<<16 | iocVideo | 75    // VIDIOC_ENUM_FRAMEINTERVALS
)
