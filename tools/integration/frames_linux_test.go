package integration

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera"
	"halfmeg/camera/pixel"
	"halfmeg/cmd/edge/adapt"
	"halfmeg/model"
)

// vividFormats are those of vivid that the tests ask for; it has no MJPEG.
var vividFormats = []pixel.Code{pixel.YUYV, pixel.UYVY, pixel.NV12, pixel.NV21, pixel.YU12, pixel.RGB24, pixel.BGR24, pixel.GREY}

// bars are the colours that vivid's picture shows from left to right: 75 %
// colour bars, white, yellow, cyan, green, magenta, red, blue, black.
var bars = [8][3]int{
	{191, 191, 191}, {191, 191, 50}, {50, 191, 191}, {50, 191, 50},
	{191, 50, 191}, {191, 50, 50}, {50, 50, 191}, {50, 50, 50},
}

// The network's input shows vivid's colour bars, whatever the format: within
// three values, one for the driver's own conversion to YCbCr, one for ours
// back and one for the rounding of both.
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

// networkInput is a camera's frame as a network sees it, [size][size][3].
func networkInput(t *testing.T, node string, format pixel.Code, size int) []int8 {
	t.Helper()
	source, err := camera.Open(t.Context(), node, camera.Options{Width: 640, Height: 480, Rate: 10, Pixels: format})
	require.NoError(t, err)
	defer func() { require.NoError(t, source.Close()) }()
	frame, err := source.Next(t.Context())
	require.NoError(t, err)
	require.Equal(t, format, frame.Pixels)
	pixels, err := adapt.Frame(frame)
	require.NoError(t, err)
	rule := model.CaffeInput()
	rule.Size, rule.Fit, rule.Order = size, model.Direct, model.RGB
	p, err := model.NewPreprocessor(rule)
	require.NoError(t, err)
	input := make([]int8, 3*size*size)
	require.NoError(t, p.Run(input, pixels))
	return input
}

// grey is the luma of a colour by ITU-R BT.601.
func grey(c [3]int) [3]int {
	y := (299*c[0] + 587*c[1] + 114*c[2] + 500) / 1000
	return [3]int{y, y, y}
}

// The program classifies frames of each format; what bars look like to it
// matters less than that all formats look the same.
func TestEdgeReadsEveryFormat(t *testing.T) {
	node := need(t, "HALFMEG_VIDEO")
	answers := map[string]string{}
	for _, format := range vividFormats {
		out := edge(t, "run", "--camera", node, "--size", "640x480", "--rate", "10", "--format", format.String(), "--frames", "1", "--json")
		answers[format.String()] = first(t, out)
		t.Logf("%v: %s", format, answers[format.String()])
	}
	for format, answer := range answers {
		if format != pixel.GREY.String() {
			require.Equal(t, answers[pixel.RGB24.String()], answer, format)
		}
	}
}

// The loopback camera sends the test card as JPEGs: the program names what it
// shows.
func TestEdgeReadsMJPEG(t *testing.T) {
	node := need(t, "HALFMEG_LOOPBACK")
	feed(t, node, cardJPEG(t, 0))
	want := first(t, edge(t, "run", "--camera", "testcard", "--frames", "1", "--json"))
	got := first(t, edge(t, "run", "--camera", node, "--frames", "2", "--json"))
	require.Equal(t, want, got)
}

// first is the likeliest class of the last frame of "edge run --json".
func first(t *testing.T, output string) string {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(output), "\n")
	var frame struct {
		Results []struct {
			Label string `json:"label"`
		} `json:"results"`
	}
	require.NoError(t, json.Unmarshal([]byte(lines[len(lines)-1]), &frame), output)
	require.NotEmpty(t, frame.Results)
	return frame.Results[0].Label
}
