//go:build amd64 || arm64

package camera

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/pixel"
	"halfmeg/camera/v4l2"
)

func TestMissingCamera(t *testing.T) {
	_, err := Open(t.Context(), "video999", Options{})
	require.ErrorContains(t, err, "/dev/video999: camera not found")
	require.NotErrorIs(t, err, ErrPermanent)
	require.ErrorIs(t, err, os.ErrNotExist)
}

func TestNoCamera(t *testing.T) {
	_, err := Open(t.Context(), "/dev/null", Options{})
	require.EqualError(t, err, "/dev/null: not a video device")
	require.ErrorIs(t, err, ErrPermanent)
}

func TestVideoMode(t *testing.T) {
	require.Equal(t,
		Mode{"YUYV", []Size{{Width: 640, Height: 480, Rates: []float64{30}}, {Width: 16, Height: 8, MaxWidth: 1600, MaxHeight: 800}}},
		videoMode(v4l2.Mode{FourCC: pixel.YUYV, Sizes: []v4l2.Size{
			{Width: 640, Height: 480, MaxWidth: 640, MaxHeight: 480, Rates: []float64{30}},
			{Width: 16, Height: 8, MaxWidth: 1600, MaxHeight: 800, StepX: 2, StepY: 2},
		}}))
}
