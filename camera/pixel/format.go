// Package pixel describes pictures in memory, for cameras and networks alike: pixel
// format, planes, colour matrix and range.
//
// A Format describes a picture that lies in one buffer, as cameras deliver it. An
// Image is a picture whose planes may lie anywhere, as preprocessing reads it.
package pixel

import (
	"fmt"
	"slices"
	"strings"
)

// FourCC is a pixel format: a four-character code as Video4Linux defines it.
type FourCC uint32

// The known pixel formats, named as in Video4Linux. Chroma samples of 4:2:2 and 4:2:0
// are sited midway between the pixels that share them. An odd side is stored as if
// it were one pixel longer, where chroma is subsampled. YUV422P and YUV444P are what
// JPEGs are decoded to.
const (
	YUYV    FourCC = 'Y' | 'U'<<8 | 'Y'<<16 | 'V'<<24 // packed 4:2:2: Y Cb Y Cr
	UYVY    FourCC = 'U' | 'Y'<<8 | 'V'<<16 | 'Y'<<24 // packed 4:2:2: Cb Y Cr Y
	NV12    FourCC = 'N' | 'V'<<8 | '1'<<16 | '2'<<24 // semi-planar 4:2:0: Y, then Cb Cr interleaved
	NV21    FourCC = 'N' | 'V'<<8 | '2'<<16 | '1'<<24 // semi-planar 4:2:0: Y, then Cr Cb interleaved
	YVYU    FourCC = 'Y' | 'V'<<8 | 'Y'<<16 | 'U'<<24 // packed 4:2:2: Y Cr Y Cb
	YU12    FourCC = 'Y' | 'U'<<8 | '1'<<16 | '2'<<24 // planar 4:2:0: Y, Cb, Cr; also called I420
	YV12    FourCC = 'Y' | 'V'<<8 | '1'<<16 | '2'<<24 // planar 4:2:0: Y, Cr, Cb
	YUV422P FourCC = '4' | '2'<<8 | '2'<<16 | 'P'<<24 // planar 4:2:2: Y, Cb, Cr
	YUV444P FourCC = '4' | '4'<<8 | '4'<<16 | 'P'<<24 // planar 4:4:4: Y, Cb, Cr; the code is that of ffmpeg
	RGB24   FourCC = 'R' | 'G'<<8 | 'B'<<16 | '3'<<24 // packed RGB
	BGR24   FourCC = 'B' | 'G'<<8 | 'R'<<16 | '3'<<24 // packed BGR
	GREY    FourCC = 'G' | 'R'<<8 | 'E'<<16 | 'Y'<<24 // luma only, 8 bits
	MJPEG   FourCC = 'M' | 'J'<<8 | 'P'<<16 | 'G'<<24 // a JPEG per picture
	JPEG    FourCC = 'J' | 'P'<<8 | 'E'<<16 | 'G'<<24 // the same, by another name
)

// Formats that Unpack converts. Their words of 16 bits are little-endian.
const (
	RGB565 FourCC = 'R' | 'G'<<8 | 'B'<<16 | 'P'<<24 // red in the upper 5 bits, blue in the lower 5
	Y10    FourCC = 'Y' | '1'<<8 | '0'<<16 | ' '<<24 // luma in the lower 10 bits
	Y16    FourCC = 'Y' | '1'<<8 | '6'<<16 | ' '<<24 // luma
)

// known lists the formats above.
var known = []FourCC{YUYV, UYVY, YVYU, NV12, NV21, YU12, YV12, YUV422P, YUV444P, RGB24, BGR24, GREY, MJPEG, JPEG, RGB565, Y10, Y16}

// aliases are names of formats whose four characters differ, in upper case: those of
// ffmpeg, OpenCV and Windows, and those of Video4Linux's constants.
var aliases = map[string]FourCC{
	"YUYV422": YUYV, "YUY2": YUYV, "UYVY422": UYVY, "YVYU422": YVYU,
	"YUV420": YU12, "YUV420P": YU12, "YUVJ420P": YU12, "I420": YU12, "IYUV": YU12, "YVU420": YV12,
	"YUV422P": YUV422P, "YUVJ422P": YUV422P, "YUV444P": YUV444P, "YUVJ444P": YUV444P,
	"RGB": RGB24, "RGB24": RGB24, "BGR": BGR24, "BGR24": BGR24,
	"GRAY": GREY, "GRAY8": GREY, "GREY8": GREY, "Y800": GREY, "MONO": GREY,
	"MJPEG": MJPEG, "RGB565": RGB565, "RGB565LE": RGB565,
	"GRAY10": Y10, "GRAY10LE": Y10, "GRAY16": Y16, "GRAY16LE": Y16,
}

// Parse converts a format's name in either case or its four characters to their code,
// which need not be a known format. It pads shorter text with spaces.
func Parse(text string) (FourCC, error) {
	upper := strings.ToUpper(text)
	if code, ok := aliases[upper]; ok {
		return code, nil
	}
	if i := slices.IndexFunc(known, func(c FourCC) bool { return strings.TrimRight(c.String(), " ") == upper }); i >= 0 {
		return known[i], nil
	}
	if len(text) == 0 || len(text) > 4 {
		return 0, fmt.Errorf("%q is not a pixel format: expected four characters, such as one of %v, or a name such as yuv420p", text, known)
	}
	var code FourCC
	for i := range 4 {
		c := byte(' ')
		if i < len(text) {
			c = text[i]
		}
		code |= FourCC(c) << (8 * i)
	}
	return code, nil
}

// String returns the four characters, with the suffix -BE if the highest bit is set,
// by which Video4Linux marks big-endian variants.
func (c FourCC) String() string {
	text := string([]byte{byte(c), byte(c >> 8), byte(c >> 16), byte(c>>24) & 0x7f})
	if c>>31 != 0 {
		text += "-BE"
	}
	return text
}

// IsJPEG reports whether each picture is a JPEG.
func (c FourCC) IsJPEG() bool { return c == MJPEG || c == JPEG }

// IsYCbCr reports whether Matrix and Range apply to a known format, GREY included.
func (c FourCC) IsYCbCr() bool { return c != RGB24 && c != BGR24 && c != RGB565 }

// CrFirst reports whether Cr lies before Cb.
func (c FourCC) CrFirst() bool { return c == NV21 || c == YVYU || c == YV12 }

// Matrix is the standard that defines the conversion between YCbCr and RGB.
type Matrix uint8

// The matrices.
const (
	BT601 Matrix = iota // ITU-R BT.601: standard definition, JPEG, most webcams
	BT709               // ITU-R BT.709: high definition
)

// Range is the interval of sample values from black to white.
type Range uint8

// The ranges.
const (
	Full    Range = iota // 0…255, as in JPEG
	Limited              // Y in 16…235, Cb and Cr in 16…240
)

// Format describes a picture in one buffer, in which the planes follow each other.
type Format struct {
	FourCC FourCC
	Width  int    // in pixels
	Height int    // in pixels
	Stride int    // of the first plane: bytes from one row to the next; 0 if compressed
	Matrix Matrix // of YCbCr
	Range  Range  // of YCbCr
}

// String returns a short form such as "YUYV 640x480".
func (f Format) String() string { return fmt.Sprintf("%v %dx%d", f.FourCC, f.Width, f.Height) }

// PlaneLayout is the position of a plane in a buffer.
type PlaneLayout struct {
	Offset   int // of the first byte
	Stride   int // bytes from one row to the next
	RowBytes int // bytes of samples per row
	Rows     int
}

// Planes returns the layout of the planes in memory order. Planes that the format
// lacks are zero; all are zero if it is compressed or unknown. The stride of chroma
// planes follows from that of the first, as Video4Linux defines it: the same for NV12,
// NV21 and YUV444P, half of it (rounded up) for YU12, YV12 and YUV422P.
func (f Format) Planes() [3]PlaneLayout {
	halfWidth, halfRows := halfUp(f.Width), halfUp(f.Height)
	first := PlaneLayout{Stride: f.Stride, RowBytes: f.Width, Rows: f.Height}
	second := PlaneLayout{Offset: f.Stride * f.Height, Rows: halfRows}
	switch f.FourCC {
	case YUYV, UYVY, YVYU:
		first.RowBytes = 4 * halfWidth
	case RGB24, BGR24:
		first.RowBytes = 3 * f.Width
	case RGB565, Y10, Y16:
		first.RowBytes = 2 * f.Width
	case GREY:
	case NV12, NV21:
		second.Stride, second.RowBytes = f.Stride, 2*halfWidth
		return [3]PlaneLayout{first, second}
	case YU12, YV12, YUV422P, YUV444P:
		if f.FourCC == YUV422P || f.FourCC == YUV444P {
			second.Rows = f.Height
		}
		second.Stride, second.RowBytes = halfUp(f.Stride), halfWidth
		if f.FourCC == YUV444P {
			second.Stride, second.RowBytes = f.Stride, f.Width
		}
		third := second
		third.Offset += second.Stride * second.Rows
		return [3]PlaneLayout{first, second, third}
	default:
		return [3]PlaneLayout{}
	}
	return [3]PlaneLayout{first}
}

// MinStride returns the smallest valid Stride, or 0 if the format is compressed or
// unknown.
func (f Format) MinStride() int {
	planes := f.Planes()
	stride := planes[0].RowBytes
	if f.FourCC == NV12 || f.FourCC == NV21 {
		stride = max(stride, planes[1].RowBytes) // longer than a row of Y if the width is odd
	}
	return stride
}

// Size returns the number of bytes from the first sample to the last, without padding
// after the last row, or 0 if the format is compressed or unknown.
func (f Format) Size() int {
	size := 0
	for _, p := range f.Planes() {
		if p.Rows > 0 {
			size = p.Offset + (p.Rows-1)*p.Stride + p.RowBytes
		}
	}
	return size
}

// halfUp returns n/2 rounded up, without overflow.
func halfUp(n int) int { return n/2 + n%2 }
