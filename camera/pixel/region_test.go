package pixel

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCrop compares the position of the first sample of each plane.
func TestCrop(t *testing.T) {
	for _, c := range []struct {
		code          FourCC
		region        Region
		offsets       [3]int // from the start of each plane
		width, height int
	}{
		{RGB24, Region{X: 3, Y: 1, Width: 4, Height: 2}, [3]int{1*33 + 9}, 4, 2},
		{GREY, Region{X: 3, Y: 1, Width: 4, Height: 2}, [3]int{1*13 + 3}, 4, 2},
		{YUYV, Region{X: 3, Y: 1, Width: 4, Height: 2}, [3]int{1*23 + 4}, 5, 2},
		{UYVY, Region{X: 4, Y: 3, Width: 6, Height: 3}, [3]int{3*23 + 8}, 6, 3},
		{NV12, Region{X: 3, Y: 1, Width: 4, Height: 2}, [3]int{2, 2}, 5, 3},
		{YU12, Region{X: 4, Y: 2, Width: 6, Height: 4}, [3]int{2*13 + 4, 1*8 + 2, 1*8 + 2}, 6, 4},
		{GREY, Region{X: 50, Y: 50, Width: 50, Height: 50, Percent: true}, [3]int{3*13 + 5}, 5, 3},
		{GREY, Region{Width: 100, Height: 100, Percent: true}, [3]int{}, 10, 6},
		{GREY, Region{X: 99.9, Y: 99.9, Width: 0.1, Height: 0.1, Percent: true}, [3]int{5*13 + 9}, 1, 1},
		{GREY, Region{}, [3]int{}, 10, 6},
	} {
		img := padded(c.code, 10, 6)
		got, err := img.Crop(c.region)
		require.NoError(t, err)
		require.Equal(t, [2]int{c.width, c.height}, [2]int{got.Width, got.Height}, "%v %v", c.code, c.region)
		require.NoError(t, got.Validate())
		for i, p := range got.Planes {
			require.Equal(t, c.offsets[i], len(img.Planes[i].Data)-len(p.Data), "%v %v, plane %d", c.code, c.region, i)
		}
	}
}

func TestCropOutside(t *testing.T) {
	img := padded(GREY, 10, 6)
	for _, r := range []Region{
		{X: 5, Width: 6, Height: 6}, {Y: 1, Width: 10, Height: 6}, {X: -1, Width: 5, Height: 5}, {Width: 5}, {X: math.NaN(), Width: 1, Height: 1},
		{Width: math.MaxFloat64, Height: 1}, {X: 60, Width: 50, Height: 50, Percent: true},
	} {
		_, err := img.Crop(r)
		require.ErrorContains(t, err, "does not lie within pictures of 10x6 pixels")
	}
}

// FuzzCrop checks that a region is an error or a valid picture.
func FuzzCrop(f *testing.F) {
	f.Add(uint8(0), 1.0, 2.0, 3.0, 4.0, false)
	f.Add(uint8(5), 10.0, 20.0, 30.0, 40.0, true)
	codes := []FourCC{YUYV, UYVY, YVYU, NV12, NV21, YU12, YV12, YUV422P, YUV444P, RGB24, BGR24, GREY}
	f.Fuzz(func(t *testing.T, code uint8, x, y, width, height float64, percent bool) {
		for _, size := range [][2]int{{1, 1}, {7, 5}, {16, 8}} {
			img := padded(codes[int(code)%len(codes)], size[0], size[1])
			if got, err := img.Crop(Region{x, y, width, height, percent}); err == nil {
				require.NoError(t, got.Validate())
			}
		}
	})
}
