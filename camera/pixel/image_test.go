package pixel

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// padded returns a picture whose rows have three bytes of padding.
func padded(code FourCC, width, height int) Image {
	img := Image{FourCC: code, Width: width, Height: height}
	for i, l := range (Format{FourCC: code, Width: width, Height: height}).Planes() {
		if l.Rows > 0 {
			img.Planes[i] = Plane{make([]byte, (l.RowBytes+3)*l.Rows), l.RowBytes + 3}
		}
	}
	return img
}

// TestValidate makes one field of a valid picture invalid at a time.
func TestValidate(t *testing.T) {
	for _, c := range []struct {
		code    FourCC
		corrupt func(*Image)
		want    string
	}{
		{BGR24, func(p *Image) { p.Planes[0].Stride = 14 }, "plane 0 of a picture of 5x3 pixels in BGR3 has a stride of 14 bytes: 15…1073741824 are supported"},
		{YUYV, func(p *Image) { p.Planes[0].Stride = 11 }, "in YUYV has a stride of 11 bytes: 12…"}, // 3 pairs
		{UYVY, func(p *Image) { p.Planes[0].Data = p.Planes[0].Data[:2*15+11] }, "in UYVY has 41 bytes: it needs 42"},
		{GREY, func(p *Image) { p.Planes[0].Data = p.Planes[0].Data[:20] }, "plane 0 of a picture of 5x3 pixels in GREY has 20 bytes: it needs 21"},
		{NV12, func(p *Image) { p.Planes[0].Stride = 4 }, "plane 0 of a picture of 5x3 pixels in NV12 has a stride of 4 bytes: 5…"},
		{NV12, func(p *Image) { p.Planes[1].Stride = 5 }, "plane 1 of a picture of 5x3 pixels in NV12 has a stride of 5 bytes: 6…"},
		{NV21, func(p *Image) { p.Planes[1].Data = p.Planes[1].Data[:14] }, "plane 1 of a picture of 5x3 pixels in NV21 has 14 bytes: it needs 15"},
		{YU12, func(p *Image) { p.Planes[1] = Plane{} }, "plane 1 of a picture of 5x3 pixels in YU12 has a stride of 0 bytes: 3…"},
		{YU12, func(p *Image) { p.Planes[2].Data = nil }, "plane 2 of a picture of 5x3 pixels in YU12 has 0 bytes: it needs 9"},
		{YU12, func(p *Image) { p.Planes[2].Stride = math.MaxInt }, "plane 2 of a picture"},
		{YUYV, func(p *Image) { p.FourCC = MJPEG }, "unsupported pixel format MJPG"},
		{YUYV, func(p *Image) { p.Matrix = 2 }, "unknown colour matrix 2"},
		{YUYV, func(p *Image) { p.Range = 9 }, "unknown colour range 9"},
		{RGB24, func(p *Image) { p.Rotate = 45 }, "rotated by 45 degrees: 0, 90, 180 and 270 are supported"},
		{RGB24, func(p *Image) { p.Rotate = -90 }, "by -90 degrees"},
		{RGB24, func(p *Image) { p.Rotate = 360 }, "by 360 degrees"},
	} {
		img := padded(c.code, 5, 3)
		require.NoError(t, img.Validate(), "%v", c.code)
		c.corrupt(&img)
		require.ErrorContains(t, img.Validate(), c.want)
	}
}

// TestImage also checks that a buffer that lacks one byte is an error.
func TestImage(t *testing.T) {
	for _, c := range []struct {
		format        Format
		bytes         int // required
		second, third int // offsets of further planes
	}{
		{Format{FourCC: RGB24, Width: 5, Height: 3, Stride: 16}, 2*16 + 15, 0, 0},
		{Format{FourCC: YUYV, Width: 5, Height: 3, Stride: 12}, 2*12 + 12, 0, 0},
		{Format{FourCC: GREY, Width: 5, Height: 3, Stride: 5}, 15, 0, 0},
		{Format{FourCC: NV12, Width: 6, Height: 3, Stride: 8}, 3*8 + 8 + 6, 3 * 8, 0},
		{Format{FourCC: NV21, Width: 6, Height: 4, Stride: 6}, 4*6 + 2*6, 4 * 6, 0},
		{Format{FourCC: YU12, Width: 6, Height: 4, Stride: 8}, 4*8 + 2*4 + 4 + 3, 4 * 8, 4*8 + 2*4},
		{Format{FourCC: YU12, Width: 5, Height: 3, Stride: 5}, 3*5 + 2*3 + 2*3, 3 * 5, 3*5 + 2*3}, // as Y4M stores odd sizes
	} {
		data := make([]byte, c.bytes)
		for i := range data {
			data[i] = byte(i)
		}
		img := c.format.Image(data)
		require.NoError(t, img.Validate(), "%v", c.format)
		for i, at := range []int{c.second, c.third} {
			if at > 0 {
				require.Equal(t, data[at:], img.Planes[i+1].Data, "%v", c.format)
			} else {
				require.Empty(t, img.Planes[i+1])
			}
		}
		short := c.format.Image(data[:c.bytes-1])
		require.ErrorContains(t, short.Validate(), "it needs", "%v", c.format)
	}
	for _, bad := range [][3]int{{0, 0, 0}, {-1, -1, -1}, {4, 4, -4}, {4, -4, 4}, {math.MaxInt, math.MaxInt, math.MaxInt}, {4, math.MinInt, math.MinInt}} {
		img := Format{FourCC: YU12, Width: bad[0], Height: bad[1], Stride: bad[2]}.Image(make([]byte, 24))
		require.Error(t, img.Validate())
	}
}
