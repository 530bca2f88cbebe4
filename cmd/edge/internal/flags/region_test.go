package flags

import (
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/pixel"
)

func TestRegionFlag(t *testing.T) {
	for text, want := range map[string]pixel.Region{
		"640x480+100+20":        {X: 100, Y: 20, Width: 640, Height: 480},
		"640x480":               {Width: 640, Height: 480},
		"50%x100%+25%+0%":       {X: 25, Width: 50, Height: 100, Percent: true},
		"33.3%x50%+33.3%+12.5%": {X: 33.3, Y: 12.5, Width: 33.3, Height: 50, Percent: true},
	} {
		var r pixel.Region
		require.NoError(t, Region(&r).Set(text), text)
		require.Equal(t, want, r)
	}
	for _, text := range []string{"", "640", "640x480+1", "0x480", "640x480-1-1", "50%x100", "50%x50%+60%+0%", "50%x50%+1+1", "1.5x2", "999999x1", "axb"} {
		var r pixel.Region
		require.ErrorContains(t, Region(&r).Set(text), "expected a region within the frame", text)
		require.Zero(t, r)
	}
}

func TestProbabilityFlag(t *testing.T) {
	for text, want := range map[string]float64{"0": 0, "0.3": 0.3, "30%": 0.3, "1": 1, "100%": 1} {
		var p float64
		require.NoError(t, Probability(&p).Set(text))
		require.Equal(t, want, p)
	}
	for _, text := range []string{"", "2", "-0.1", "101%", "NaN", "high"} {
		var p float64
		require.ErrorContains(t, Probability(&p).Set(text), "as 0.3 or 30%", text)
	}
}
