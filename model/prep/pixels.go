package prep

import "fmt"

// Pixels is a picture as plain data: what cameras and picture files hand to
// the preprocessing. It does not own its memory. Where nothing else is said
// it is packed RGB, upright.
type Pixels struct {
	Format Format
	Width  int // of the picture as it lies in memory
	Height int // of the picture as it lies in memory
	Data   []byte
	Stride int // bytes of Data from a row to the next

	// Chroma is the planes behind the first: of NV12 and NV21 one, that
	// holds U and V, of YU12 first U, then V. The other formats have none.
	Chroma [2]Plane

	// Matrix and Range say what the numbers of Y, U and V mean. RGB24 and
	// BGR24 have none, GREY has a range.
	Matrix Matrix
	Range  Range

	// The picture stands upright when it is turned clockwise by Rotate
	// degrees (0, 90, 180 or 270), then mirrored left to right if Mirror says
	// so.
	Rotate int
	Mirror bool
}

// Plane is the rows of a picture's further plane.
type Plane struct {
	Data   []byte
	Stride int // bytes from a row to the next
}

// Format tells how the bytes of Pixels are laid out.
type Format uint8

// The formats, named as in V4L2. A chroma sample lies in the middle of the
// pixels that share it, as V4L2 and JPEG have it. Where a side is odd, memory
// is laid out as if there were one pixel more.
const (
	RGB24 Format = iota // packed red, green, blue
	BGR24               // packed blue, green, red
	YUYV                // 4:2:2, packed Y U Y V
	UYVY                // 4:2:2, packed U Y V Y
	NV12                // 4:2:0, a plane of Y, a plane of U V
	NV21                // 4:2:0, a plane of Y, a plane of V U
	YU12                // 4:2:0, a plane each of Y, U, V; also I420
	GREY                // Y alone
)

// Matrix is the standard by which Y, U and V were made of red, green and blue.
type Matrix uint8

// The matrices.
const (
	BT601 Matrix = iota // standard definition, JPEG
	BT709               // high definition
)

// Range is what the bytes from black to white are.
type Range uint8

// The ranges.
const (
	Limited Range = iota // Y in 16…235, U and V in 16…240
	Full                 // all in 0…255, as JPEG has it
)

// The limits keep every product of sizes far inside an int64.
const (
	maxSide   = 1 << 20
	maxStride = 1 << 30
)

var (
	formatNames = []string{"RGB24", "BGR24", "YUYV", "UYVY", "NV12", "NV21", "YU12", "GREY"}
	matrixNames = []string{"BT.601", "BT.709"}
	rangeNames  = []string{"limited", "full"}
)

// String is the format's name as it is written here.
func (f Format) String() string { return name(formatNames, int(f)) }

// String is "BT.601" or "BT.709".
func (m Matrix) String() string { return name(matrixNames, int(m)) }

// String is "limited" or "full".
func (r Range) String() string { return name(rangeNames, int(r)) }

// Contiguous is the picture in one buffer whose planes follow each other, as
// in a camera's frame or a file: chroma rows are as far apart as those of the
// first plane with NV12 and NV21, half as far (rounded up) with YU12. If the
// buffer is too short, Validate says so.
func Contiguous(f Format, width, height, stride int, data []byte) Pixels {
	p := Pixels{Format: f, Width: width, Height: height, Data: data, Stride: stride}
	behind := after(data, stride, height)
	switch f {
	case NV12, NV21:
		p.Chroma[0] = Plane{behind, stride}
	case YU12:
		chroma := halfUp(stride)
		p.Chroma[0] = Plane{behind, chroma}
		p.Chroma[1] = Plane{after(behind, chroma, halfUp(height)), chroma}
	}
	return p
}

// after is the data behind so many rows; none if there are not so many.
func after(data []byte, stride, rows int) []byte {
	if stride < 1 || rows < 0 || rows > len(data)/stride {
		return nil
	}
	return data[rows*stride:]
}

func halfUp(n int) int { return n/2 + n%2 }

// Validate tells whether every plane holds its rows, and all else makes sense.
func (p Pixels) Validate() error {
	switch {
	case int(p.Format) >= len(formatNames):
		return fmt.Errorf("unknown pixel format %d", p.Format)
	case int(p.Matrix) >= len(matrixNames):
		return fmt.Errorf("unknown colour matrix %d", p.Matrix)
	case int(p.Range) >= len(rangeNames):
		return fmt.Errorf("unknown range of colours %d", p.Range)
	case p.Width < 1 || p.Width > maxSide || p.Height < 1 || p.Height > maxSide:
		return fmt.Errorf("a picture of %dx%d pixels; sides of 1…%d can be used", p.Width, p.Height, maxSide)
	case p.Rotate < 0 || p.Rotate > 270 || p.Rotate%90 != 0:
		return fmt.Errorf("a picture cannot be rotated by %d degrees, only by 0, 90, 180 or 270", p.Rotate)
	}
	return p.validatePlanes()
}

func (p Pixels) validatePlanes() error {
	first, u, v := Plane{p.Data, p.Stride}, p.Chroma[0], p.Chroma[1]
	halfWidth, halfHeight := halfUp(p.Width), halfUp(p.Height)
	switch p.Format {
	case RGB24, BGR24:
		return p.validatePlane("", first, 3*p.Width, p.Height)
	case YUYV, UYVY:
		return p.validatePlane("", first, 4*halfWidth, p.Height)
	}
	if err := p.validatePlane("plane Y of ", first, p.Width, p.Height); err != nil {
		return err
	}
	switch p.Format {
	case NV12, NV21:
		return p.validatePlane("the chroma plane of ", u, 2*halfWidth, halfHeight)
	case YU12:
		if err := p.validatePlane("plane U of ", u, halfWidth, halfHeight); err != nil {
			return err
		}
		return p.validatePlane("plane V of ", v, halfWidth, halfHeight)
	}
	return nil
}

// validatePlane tells whether a plane holds so many rows of so many bytes;
// what follows the last row need not be there.
func (p Pixels) validatePlane(of string, plane Plane, row, rows int) error {
	if plane.Stride < row || plane.Stride > maxStride {
		return fmt.Errorf("%sa picture of %dx%d pixels in %v with %d bytes a row; %d…%d can be used",
			of, p.Width, p.Height, p.Format, plane.Stride, row, maxStride)
	}
	if need := int64(rows-1)*int64(plane.Stride) + int64(row); int64(len(plane.Data)) < need {
		return fmt.Errorf("%sa picture of %dx%d pixels in %v has %d bytes, needs %d", of, p.Width, p.Height, p.Format, len(plane.Data), need)
	}
	return nil
}

func name(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("unknown (%d)", i)
}
