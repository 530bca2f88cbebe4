package prep

import (
	"math"
	"slices"
	"testing"

	"halfmeg/model"

	"github.com/stretchr/testify/require"
)

func TestPixelsZeroValueIsRGB(t *testing.T) {
	require.Equal(t, RGB24, Pixels{}.Format)
	require.Equal(t, "RGB24 BGR24 YUYV UYVY NV12 NV21 YU12 GREY", join(allFormats))
	require.Equal(t, "unknown (8)", Format(8).String())
	require.Equal(t, "BT.601 limited", Pixels{}.Matrix.String()+" "+Pixels{}.Range.String())
}

func join(formats []Format) (s string) {
	for i, f := range formats {
		if i > 0 {
			s += " "
		}
		s += f.String()
	}
	return s
}

// TestValidateNamesWhatIsWrong: each picture is right but for one thing.
func TestValidateNamesWhatIsWrong(t *testing.T) {
	cases := []struct {
		f     Format
		spoil func(*Pixels)
		want  string
	}{
		{BGR24, func(p *Pixels) { p.Stride = 14 }, "a picture of 5x3 pixels in BGR24 with 14 bytes a row; 15…1073741824 can be used"},
		{YUYV, func(p *Pixels) { p.Stride = 11 }, "5x3 pixels in YUYV with 11 bytes a row; 12…"}, // 3 pairs
		{UYVY, func(p *Pixels) { p.Data = p.Data[:2*p.Stride+11] }, "5x3 pixels in UYVY has 43 bytes, needs 44"},
		{GREY, func(p *Pixels) { p.Data = p.Data[:20] }, "plane Y of a picture of 5x3 pixels in GREY has 20 bytes, needs 21"},
		{NV12, func(p *Pixels) { p.Stride = 4 }, "plane Y of a picture of 5x3 pixels in NV12 with 4 bytes a row; 5…"},
		{NV12, func(p *Pixels) { p.Chroma[0].Stride = 5 }, "the chroma plane of a picture of 5x3 pixels in NV12 with 5 bytes a row; 6…"},
		{NV21, func(p *Pixels) { p.Chroma[0].Data = p.Chroma[0].Data[:16] }, "the chroma plane of a picture of 5x3 pixels in NV21 has 16 bytes, needs 17"},
		{YU12, func(p *Pixels) { p.Chroma[0] = Plane{} }, "plane U of a picture of 5x3 pixels in YU12 with 0 bytes a row; 3…"},
		{YU12, func(p *Pixels) { p.Chroma[1].Data = nil }, "plane V of a picture of 5x3 pixels in YU12 has 0 bytes, needs 11"},
		{YU12, func(p *Pixels) { p.Chroma[1].Stride = math.MaxInt }, "plane V of a picture"},
		{YUYV, func(p *Pixels) { p.Matrix = 2 }, "unknown colour matrix 2"},
		{YUYV, func(p *Pixels) { p.Range = 9 }, "unknown range of colours 9"},
		{RGB24, func(p *Pixels) { p.Rotate = 45 }, "cannot be rotated by 45 degrees, only by 0, 90, 180 or 270"},
		{RGB24, func(p *Pixels) { p.Rotate = -90 }, "by -90 degrees"},
		{RGB24, func(p *Pixels) { p.Rotate = 360 }, "by 360 degrees"},
	}
	for _, c := range cases {
		p := blank(c.f, 5, 3)
		require.NoError(t, p.Validate(), "%v", c.f)
		c.spoil(&p)
		require.ErrorContains(t, p.Validate(), c.want)
	}
}

// TestContiguous: the planes are found, and a buffer that is one byte short is
// an error.
func TestContiguous(t *testing.T) {
	for _, c := range []struct {
		f                     Format
		width, height, stride int
		bytes                 int // that are needed
		first, second         int // where further planes begin
	}{
		{RGB24, 5, 3, 16, 2*16 + 15, 0, 0},
		{YUYV, 5, 3, 12, 2*12 + 12, 0, 0},
		{GREY, 5, 3, 5, 15, 0, 0},
		{NV12, 6, 3, 8, 3*8 + 8 + 6, 3 * 8, 0},
		{NV21, 6, 4, 6, 4*6 + 2*6, 4 * 6, 0},
		{YU12, 6, 4, 8, 4*8 + 2*4 + 4 + 3, 4 * 8, 4*8 + 2*4},
		{YU12, 5, 3, 5, 3*5 + 2*3 + 2*3, 3 * 5, 3*5 + 2*3}, // as Y4M has odd sizes
	} {
		data := make([]byte, c.bytes)
		for i := range data {
			data[i] = byte(i)
		}
		p := Contiguous(c.f, c.width, c.height, c.stride, data)
		require.NoError(t, p.Validate(), "%v", c.f)
		for i, at := range []int{c.first, c.second} {
			if at > 0 {
				require.Equal(t, data[at:], p.Chroma[i].Data, "%v", c.f)
			} else {
				require.Empty(t, p.Chroma[i])
			}
		}
		short := Contiguous(c.f, c.width, c.height, c.stride, data[:c.bytes-1])
		require.ErrorContains(t, short.Validate(), "bytes, needs", "%v", c.f)
	}
	for _, bad := range [][3]int{{0, 0, 0}, {-1, -1, -1}, {4, 4, -4}, {4, -4, 4}, {math.MaxInt, math.MaxInt, math.MaxInt}, {4, math.MinInt, math.MinInt}} {
		p := Contiguous(YU12, bad[0], bad[1], bad[2], make([]byte, 24))
		require.Error(t, p.Validate())
	}
}

// FuzzPixels: whatever a camera says of its buffer, a picture that passes
// Validate is read inside of its planes alone, and what lies between rows has
// no part in the result; another is an error.
func FuzzPixels(f *testing.F) {
	for n := range allFormats {
		f.Add(uint8(n), int16(17), int16(9), int32(60), int32(20), int32(20), uint16(600), uint16(100), uint16(100), uint16(90))
	}
	f.Add(uint8(4), int16(40), int16(30), int32(40), int32(40), int32(0), uint16(1200), uint16(600), uint16(0), uint16(0))
	f.Add(uint8(6), int16(7), int16(5), int32(7), int32(4), int32(4), uint16(35), uint16(12), uint16(11), uint16(0))
	in := rule(model.Crop, 20, 16, model.BGR)
	p, err := NewPreprocessor(in)
	require.NoError(f, err)
	f.Fuzz(func(t *testing.T, format uint8, width, height int16, stride, strideU, strideV int32, bytes, bytesU, bytesV, rotate uint16) {
		buffer := func(n uint16) []byte {
			data := make([]byte, n)
			for i := range data {
				data[i] = byte(i * 37)
			}
			return slices.Clip(data)
		}
		src := Pixels{
			Format: Format(format), Width: int(width), Height: int(height), Data: buffer(bytes), Stride: int(stride),
			Chroma: [2]Plane{{buffer(bytesU), int(strideU)}, {buffer(bytesV), int(strideV)}},
			Rotate: int(rotate), Mirror: bytes%2 == 1,
		}
		dst := make([]int8, 3*in.Size*in.Size)
		err := p.Run(dst, src)
		require.Equal(t, src.Validate() == nil, err == nil)
		if err != nil {
			return
		}
		again := slices.Clone(dst)
		spoilGaps(src)
		require.NoError(t, p.Run(again, src))
		require.Equal(t, dst, again)
	})
}

// spoilGaps changes every byte that is no sample's.
func spoilGaps(p Pixels) {
	halfWidth := (p.Width + 1) / 2
	rows := map[Format][3]int{
		RGB24: {3 * p.Width}, BGR24: {3 * p.Width}, YUYV: {4 * halfWidth}, UYVY: {4 * halfWidth},
		NV12: {p.Width, 2 * halfWidth}, NV21: {p.Width, 2 * halfWidth}, YU12: {p.Width, halfWidth, halfWidth}, GREY: {p.Width},
	}[p.Format]
	for i, plane := range []Plane{{p.Data, p.Stride}, p.Chroma[0], p.Chroma[1]} {
		for at := range plane.Data {
			if rows[i] == 0 || at%plane.Stride >= rows[i] {
				plane.Data[at] ^= 0xFF
			}
		}
	}
}
