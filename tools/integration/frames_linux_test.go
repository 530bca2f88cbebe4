package integration

import (
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera"
	"halfmeg/camera/pixel"
	"halfmeg/model"
	"halfmeg/model/prep"
)

// vividFormats are the formats of vivid that edge reads. It has no MJPEG.
var vividFormats = []pixel.FourCC{pixel.YUYV, pixel.UYVY, pixel.NV12, pixel.NV21, pixel.YU12, pixel.RGB24, pixel.BGR24, pixel.GREY}

// bars are the colours that vivid's picture shows from left to right: 75 %
// colour bars, white, yellow, cyan, green, magenta, red, blue, black.
var bars = [8][3]int{
	{191, 191, 191}, {191, 191, 0}, {0, 191, 191}, {0, 191, 0},
	{191, 0, 191}, {191, 0, 0}, {0, 0, 191}, {0, 0, 0},
}

// The network's input shows vivid's colour bars in every format, within three
// values: one for the driver's conversion to YCbCr, one for ours back, and one
// for the rounding of both.
func TestColourBars(t *testing.T) {
	node := need(t, "HALFMEG_VIDEO")
	for _, format := range vividFormats {
		t.Run(format.String(), func(t *testing.T) {
			const size = 224
			input := networkInput(t, node, format, size)
			for i, want := range bars {
				if format == pixel.GREY {
					want = grey(want)
				}
				// In the middle of the bar, below the text that vivid writes.
				x, y := (2*i+1)*size/16, size*7/8
				for c := range want {
					got := int(input[(y*size+x)*3+c]) + 128
					require.InDelta(t, want[c], got, 3, "bar %d, channel %d", i, c)
				}
			}
		})
	}
}

// networkInput returns a camera frame as network input, [size][size][3].
func networkInput(t *testing.T, node string, format pixel.FourCC, size int) []int8 {
	t.Helper()
	source, err := camera.Open(t.Context(), node, camera.Options{Width: 640, Height: 480, Rate: 10, FourCC: format})
	require.NoError(t, err)
	defer func() { require.NoError(t, source.Close()) }()
	frame, err := source.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, format, frame.FourCC)
	pixels := frame.Pixels()
	rule := model.CaffeInput()
	rule.Size, rule.Fit, rule.Order = size, model.Direct, model.RGB
	p, err := prep.NewPreprocessor(rule)
	require.NoError(t, err)
	input := make([]int8, 3*size*size)
	require.NoError(t, p.Run(input, pixels))
	return input
}

// grey returns the luma of a colour in vivid: the weights of ITU-R BT.709.
func grey(c [3]int) [3]int {
	y := (2126*c[0] + 7152*c[1] + 722*c[2] + 5000) / 10000
	return [3]int{y, y, y}
}
