// Package pixel says how the bytes of a camera's picture make it: the order
// of the samples, the planes, the rule from YCbCr to RGB.
package pixel

import "fmt"

// Code is a four-character code as Video4Linux writes it.
type Code uint32

// The layouts that are known, by the names and in the terms of Video4Linux.
// Where two pixels of a row share their chroma the first of them comes first.
const (
	YUYV  Code = 'Y' | 'U'<<8 | 'Y'<<16 | 'V'<<24 // packed 4:2:2: Y Cb Y Cr
	UYVY  Code = 'U' | 'Y'<<8 | 'V'<<16 | 'Y'<<24 // packed 4:2:2: Cb Y Cr Y
	NV12  Code = 'N' | 'V'<<8 | '1'<<16 | '2'<<24 // 4:2:0: a plane of Y, a plane of Cb Cr
	NV21  Code = 'N' | 'V'<<8 | '2'<<16 | '1'<<24 // 4:2:0: a plane of Y, a plane of Cr Cb
	YU12  Code = 'Y' | 'U'<<8 | '1'<<16 | '2'<<24 // 4:2:0: planes of Y, Cb and Cr
	RGB24 Code = 'R' | 'G'<<8 | 'B'<<16 | '3'<<24 // packed red, green, blue
	BGR24 Code = 'B' | 'G'<<8 | 'R'<<16 | '3'<<24 // packed blue, green, red
	GREY  Code = 'G' | 'R'<<8 | 'E'<<16 | 'Y'<<24 // one byte of luma
	MJPEG Code = 'M' | 'J'<<8 | 'P'<<16 | 'G'<<24 // each picture a JPEG, of any length
)

// known are all of them.
var known = []Code{YUYV, UYVY, NV12, NV21, YU12, RGB24, BGR24, GREY, MJPEG}

// aliases are the usual names of formats whose codes are others.
var aliases = map[string]Code{"RGB24": RGB24, "BGR24": BGR24, "MJPEG": MJPEG}

// Parse reads the four characters of a code, known or not; fewer are filled
// with spaces. RGB24, BGR24 and MJPEG are read, too.
func Parse(text string) (Code, error) {
	if code, ok := aliases[text]; ok {
		return code, nil
	}
	if len(text) == 0 || len(text) > 4 {
		return 0, fmt.Errorf("%q is no pixel format: give its four characters, of %v", text, known)
	}
	var code Code
	for i := range 4 {
		c := byte(' ')
		if i < len(text) {
			c = text[i]
		}
		code |= Code(c) << (8 * i)
	}
	return code, nil
}

// String is the four characters of the code. The highest bit is no part of
// them: Video4Linux marks with it a layout of the other byte order.
func (c Code) String() string {
	text := string([]byte{byte(c), byte(c >> 8), byte(c >> 16), byte(c>>24) & 0x7f})
	if c>>31 != 0 {
		text += "-BE"
	}
	return text
}

// Matrix is the rule by which YCbCr was made from RGB.
type Matrix uint8

// The matrices: that of ITU-R BT.601, for which most cameras' pictures are
// made, and that of BT.709, for some in high definition.
const (
	BT601 Matrix = iota
	BT709
)

// String names the matrix.
func (m Matrix) String() string { return [...]string{"BT.601", "BT.709"}[m] }

// Range is which values samples take.
type Range uint8

// The ranges: 0…255 for all, or 16…235 for Y and 16…240 for Cb and Cr.
const (
	Full Range = iota
	Limited
)

// String names the range.
func (r Range) String() string { return [...]string{"full", "limited"}[r] }

// Format is how the bytes of a picture make it.
type Format struct {
	Pixels Code
	Width  int    // in pixels
	Height int    // in pixels
	Stride int    // bytes from a row of the first plane to the next; 0 where compressed
	Matrix Matrix // of YCbCr
	Range  Range
}

// String is the format in short, as "YUYV 640x480".
func (f Format) String() string { return fmt.Sprintf("%v %dx%d", f.Pixels, f.Width, f.Height) }

// Plane is a part of a picture that holds some of its samples, row by row.
type Plane struct {
	Offset int // from the picture's first byte
	Stride int // bytes from a row to the next
	Row    int // bytes of a row that count
	Rows   int
}

// Planes are the planes of a picture that lies in one piece, one after the
// other; those that the layout does not have are zero, and all are where it
// is compressed or unknown. As Video4Linux has it, the strides of the planes
// are those of the first divided as their widths are.
func (f Format) Planes() [3]Plane {
	halfWidth, halfRows := (f.Width+1)/2, (f.Height+1)/2
	first := Plane{Stride: f.Stride, Row: f.Width, Rows: f.Height}
	second := Plane{Offset: f.Stride * f.Height, Rows: halfRows}
	switch f.Pixels {
	case YUYV, UYVY:
		first.Row = 4 * halfWidth
	case RGB24, BGR24:
		first.Row = 3 * f.Width
	case GREY:
	case NV12, NV21:
		second.Stride, second.Row = f.Stride, 2*halfWidth
		return [3]Plane{first, second}
	case YU12:
		second.Stride, second.Row = (f.Stride+1)/2, halfWidth
		third := second
		third.Offset += second.Stride * halfRows
		return [3]Plane{first, second, third}
	default:
		return [3]Plane{}
	}
	return [3]Plane{first}
}

// MinStride is the least stride that holds a row, and 0 where there are no
// rows in the bytes.
func (f Format) MinStride() int {
	planes := f.Planes()
	least := planes[0].Row
	if f.Pixels == NV12 || f.Pixels == NV21 {
		least = max(least, planes[1].Row)
	}
	return least
}

// Size is the number of bytes from a picture's first to its last that counts,
// and 0 where it is compressed.
func (f Format) Size() int {
	size := 0
	for _, p := range f.Planes() {
		if p.Rows > 0 {
			size = p.Offset + (p.Rows-1)*p.Stride + p.Row
		}
	}
	return size
}

// IsYCbCr tells whether the samples are luma and chroma.
func (c Code) IsYCbCr() bool { return c != RGB24 && c != BGR24 }
