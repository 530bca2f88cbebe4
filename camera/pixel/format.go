// Package pixel is the vocabulary for pictures in memory that cameras and
// networks share: pixel format, planes, colour matrix and range. It imports
// nothing of the project.
package pixel

import "fmt"

// FourCC is a pixel format: a four-character code as Video4Linux defines it.
type FourCC uint32

// The pixel formats the project knows, named as in Video4Linux. A chroma sample
// of 4:2:2 and 4:2:0 lies in the middle of the pixels that share it. Where a
// side is odd, memory is laid out as if there were one pixel more.
const (
	YUYV  FourCC = 'Y' | 'U'<<8 | 'Y'<<16 | 'V'<<24 // packed 4:2:2: Y Cb Y Cr
	UYVY  FourCC = 'U' | 'Y'<<8 | 'V'<<16 | 'Y'<<24 // packed 4:2:2: Cb Y Cr Y
	NV12  FourCC = 'N' | 'V'<<8 | '1'<<16 | '2'<<24 // 4:2:0: a plane of Y, a plane of Cb Cr
	NV21  FourCC = 'N' | 'V'<<8 | '2'<<16 | '1'<<24 // 4:2:0: a plane of Y, a plane of Cr Cb
	YU12  FourCC = 'Y' | 'U'<<8 | '1'<<16 | '2'<<24 // 4:2:0: planes of Y, Cb and Cr; also called I420
	RGB24 FourCC = 'R' | 'G'<<8 | 'B'<<16 | '3'<<24 // packed red, green, blue
	BGR24 FourCC = 'B' | 'G'<<8 | 'R'<<16 | '3'<<24 // packed blue, green, red
	GREY  FourCC = 'G' | 'R'<<8 | 'E'<<16 | 'Y'<<24 // one byte of luma
	MJPEG FourCC = 'M' | 'J'<<8 | 'P'<<16 | 'G'<<24 // one JPEG a picture, of any length
)

// known lists the formats above.
var known = []FourCC{YUYV, UYVY, NV12, NV21, YU12, RGB24, BGR24, GREY, MJPEG}

// aliases maps common names to formats whose four characters differ.
var aliases = map[string]FourCC{"RGB24": RGB24, "BGR24": BGR24, "MJPEG": MJPEG}

// Parse reads a four-character code, known or not; a shorter one is padded with
// spaces. It also accepts RGB24, BGR24 and MJPEG.
func Parse(text string) (FourCC, error) {
	if code, ok := aliases[text]; ok {
		return code, nil
	}
	if len(text) == 0 || len(text) > 4 {
		return 0, fmt.Errorf("%q is not a pixel format: give its four characters, one of %v", text, known)
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

// String returns the four characters. Video4Linux marks big-endian variants
// with the highest bit, which is not part of a character.
func (c FourCC) String() string {
	text := string([]byte{byte(c), byte(c >> 8), byte(c >> 16), byte(c>>24) & 0x7f})
	if c>>31 != 0 {
		text += "-BE"
	}
	return text
}

// IsYCbCr reports whether the samples are luma and chroma.
func (c FourCC) IsYCbCr() bool { return c != RGB24 && c != BGR24 }

// Matrix is the standard that relates YCbCr to RGB.
type Matrix uint8

// The matrices.
const (
	BT601 Matrix = iota // ITU-R BT.601: standard definition, JPEG, most webcams
	BT709               // ITU-R BT.709: high definition
)

// Range is the interval of values that samples use.
type Range uint8

// The ranges.
const (
	Full    Range = iota // 0…255, as in JPEG
	Limited              // Y in 16…235, Cb and Cr in 16…240
)

// Format describes how the bytes of a picture are arranged when its planes
// follow each other in one buffer.
type Format struct {
	FourCC FourCC
	Width  int    // in pixels
	Height int    // in pixels
	Stride int    // bytes from one row of the first plane to the next; 0 where compressed
	Matrix Matrix // of YCbCr
	Range  Range  // of YCbCr
}

// String is the format in short, for example "YUYV 640x480".
func (f Format) String() string { return fmt.Sprintf("%v %dx%d", f.FourCC, f.Width, f.Height) }

// PlaneLayout says where a plane lies in a picture's buffer.
type PlaneLayout struct {
	Offset int // from the picture's first byte
	Stride int // bytes from one row to the next
	Row    int // bytes of samples in a row
	Rows   int
}

// Planes returns the planes in the order of memory. Planes that the format
// lacks are zero, and all are zero where it is compressed or unknown. Strides
// of chroma planes follow from the first plane's as Video4Linux defines:
// the same for NV12 and NV21, half of it, rounded up, for YU12.
func (f Format) Planes() [3]PlaneLayout {
	halfWidth, halfRows := halfUp(f.Width), halfUp(f.Height)
	first := PlaneLayout{Stride: f.Stride, Row: f.Width, Rows: f.Height}
	second := PlaneLayout{Offset: f.Stride * f.Height, Rows: halfRows}
	switch f.FourCC {
	case YUYV, UYVY:
		first.Row = 4 * halfWidth
	case RGB24, BGR24:
		first.Row = 3 * f.Width
	case GREY:
	case NV12, NV21:
		second.Stride, second.Row = f.Stride, 2*halfWidth
		return [3]PlaneLayout{first, second}
	case YU12:
		second.Stride, second.Row = halfUp(f.Stride), halfWidth
		third := second
		third.Offset += second.Stride * halfRows
		return [3]PlaneLayout{first, second, third}
	default:
		return [3]PlaneLayout{}
	}
	return [3]PlaneLayout{first}
}

// MinStride is the smallest stride that holds a row, and 0 where the bytes have
// no rows.
func (f Format) MinStride() int {
	planes := f.Planes()
	least := planes[0].Row
	if f.FourCC == NV12 || f.FourCC == NV21 {
		least = max(least, planes[1].Row)
	}
	return least
}

// Size is the number of bytes from the picture's first sample to its last, and
// 0 where it is compressed.
func (f Format) Size() int {
	size := 0
	for _, p := range f.Planes() {
		if p.Rows > 0 {
			size = p.Offset + (p.Rows-1)*p.Stride + p.Row
		}
	}
	return size
}

// halfUp is n/2, rounded up, without overflow.
func halfUp(n int) int { return n/2 + n%2 }
