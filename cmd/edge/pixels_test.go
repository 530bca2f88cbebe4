package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera"
	"halfmeg/camera/pixel"
	"halfmeg/model"
)

// TestFramePixels: every layout that cameras and networks share keeps its
// planes, matrix and range on the way from the one to the other.
func TestFramePixels(t *testing.T) {
	for code, format := range layouts {
		f := camera.Frame{Format: pixel.Format{Pixels: code, Width: 6, Height: 4, Stride: 24, Matrix: pixel.BT709, Range: pixel.Full}}
		f.Data = make([]byte, f.Size())
		p, err := framePixels(&f)
		require.NoError(t, err, code)
		require.NoError(t, p.Validate(), code)
		require.Equal(t, format, p.Format)
		require.Equal(t, []int{6, 4, 24}, []int{p.Width, p.Height, p.Stride})
		require.Equal(t, model.BT709, p.Matrix)
		require.Equal(t, model.Full, p.Range)
		planes := f.Planes()
		for i, chroma := range p.Chroma {
			require.Equal(t, planes[i+1].Stride, chroma.Stride, "%v, plane %d", code, i+1)
			if planes[i+1].Rows > 0 {
				require.Same(t, &f.Data[planes[i+1].Offset], &chroma.Data[0], "%v, plane %d", code, i+1)
			}
		}
		f.Data = f.Data[:f.Size()-1]
		p, err = framePixels(&f)
		require.NoError(t, err)
		require.Error(t, p.Validate(), "%v: a byte is missing", code)
	}
	limited, err := framePixels(&camera.Frame{Format: pixel.Format{Pixels: pixel.YUYV, Range: pixel.Limited}})
	require.NoError(t, err)
	require.Equal(t, model.Limited, limited.Range)
	_, err = framePixels(&camera.Frame{Format: pixel.Format{Pixels: pixel.MJPEG}})
	require.ErrorContains(t, err, "MJPG")
}

// TestRotateFlag: a frame that is turned is another picture for the network,
// and angles between are refused.
func TestRotateFlag(t *testing.T) {
	results := func(flags ...string) []result {
		got := edge(t, append([]string{"run", "--camera", "testcard", "--frames", "1", "--json"}, flags...)...)
		require.Equal(t, statusOK, got.status, got.stderr)
		var o observed
		require.NoError(t, json.Unmarshal([]byte(got.stdout), &o))
		return o.Results
	}
	upright := results()
	require.Equal(t, upright, results("--rotate", "0"))
	for _, flags := range [][]string{{"--mirror"}, {"--rotate", "90"}, {"--rotate", "180"}, {"--rotate", "270"}} {
		require.NotEqual(t, upright, results(flags...), flags)
	}
	require.Equal(t, statusUsage, edge(t, "run", "--camera", "testcard", "--rotate", "45").status)
}
