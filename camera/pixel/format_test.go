package pixel

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPlanes(t *testing.T) {
	for _, c := range []struct {
		format Format
		planes [3]PlaneLayout
		size   int
	}{
		{Format{FourCC: YUYV, Width: 6, Height: 4, Stride: 16}, [3]PlaneLayout{{0, 16, 12, 4}}, 3*16 + 12},
		{Format{FourCC: UYVY, Width: 5, Height: 1, Stride: 12}, [3]PlaneLayout{{0, 12, 12, 1}}, 12},
		{Format{FourCC: RGB24, Width: 5, Height: 2, Stride: 15}, [3]PlaneLayout{{0, 15, 15, 2}}, 30},
		{Format{FourCC: BGR24, Width: 5, Height: 2, Stride: 16}, [3]PlaneLayout{{0, 16, 15, 2}}, 31},
		{Format{FourCC: GREY, Width: 5, Height: 3, Stride: 8}, [3]PlaneLayout{{0, 8, 5, 3}}, 21},
		{Format{FourCC: NV12, Width: 6, Height: 4, Stride: 8}, [3]PlaneLayout{{0, 8, 6, 4}, {32, 8, 6, 2}}, 32 + 8 + 6},
		{Format{FourCC: NV21, Width: 5, Height: 3, Stride: 6}, [3]PlaneLayout{{0, 6, 5, 3}, {18, 6, 6, 2}}, 18 + 12},
		{Format{FourCC: YU12, Width: 6, Height: 4, Stride: 8}, [3]PlaneLayout{{0, 8, 6, 4}, {32, 4, 3, 2}, {40, 4, 3, 2}}, 40 + 4 + 3},
		{Format{FourCC: YVYU, Width: 5, Height: 1, Stride: 12}, [3]PlaneLayout{{0, 12, 12, 1}}, 12},
		{Format{FourCC: YV12, Width: 6, Height: 4, Stride: 8}, [3]PlaneLayout{{0, 8, 6, 4}, {32, 4, 3, 2}, {40, 4, 3, 2}}, 40 + 4 + 3},
		{Format{FourCC: RGB565, Width: 5, Height: 2, Stride: 12}, [3]PlaneLayout{{0, 12, 10, 2}}, 22},
		{Format{FourCC: MJPEG, Width: 640, Height: 480}, [3]PlaneLayout{}, 0},
		{Format{FourCC: 0, Width: 640, Height: 480}, [3]PlaneLayout{}, 0},
	} {
		require.Equal(t, c.planes, c.format.Planes(), "%v", c.format)
		require.Equal(t, c.size, c.format.Size(), "%v", c.format)
	}
}

func TestMinStride(t *testing.T) {
	for code, want := range map[FourCC]int{YUYV: 12, UYVY: 12, NV12: 6, NV21: 6, YU12: 5, RGB24: 15, BGR24: 15, GREY: 5, MJPEG: 0, YVYU: 12, YV12: 5, RGB565: 10, Y10: 10, Y16: 10, JPEG: 0} {
		require.Equal(t, want, Format{FourCC: code, Width: 5, Height: 4}.MinStride(), "%v", code)
	}
}

func TestParseFourCC(t *testing.T) {
	for _, code := range known {
		again, err := Parse(code.String())
		require.NoError(t, err)
		require.Equal(t, code, again)
	}
	y8, err := Parse("Y8")
	require.NoError(t, err)
	require.Equal(t, "Y8  ", y8.String())
	require.Equal(t, "Y8  -BE", (y8 | 1<<31).String())
	for _, text := range []string{"", "MPEG2"} {
		_, err := Parse(text)
		require.ErrorContains(t, err, "expected four characters, such as one of [YUYV UYVY YVYU NV12 NV21 YU12 YV12 422P 444P RGB3 BGR3 GREY MJPG JPEG RGBP Y10  Y16 ], or a name such as yuv420p")
	}
}

func TestParseAlias(t *testing.T) {
	for text, want := range map[string]FourCC{
		"MJPEG": MJPEG, "RGB24": RGB24, "BGR24": BGR24, "yuv420p": YU12, "I420": YU12, "i420": YU12, "YUY2": YUYV, "yuyv422": YUYV,
		"gray": GREY, "Gray8": GREY, "grey": GREY, "mjpg": MJPEG, "jpeg": JPEG, "rgb565le": RGB565, "gray16le": Y16, "y16": Y16, "yv12": YV12,
		"uyvy422": UYVY, "nv12": NV12, "bgr24": BGR24, "h264": 'h' | '2'<<8 | '6'<<16 | '4'<<24,
	} {
		code, err := Parse(text)
		require.NoError(t, err)
		require.Equal(t, want, code)
	}
}
