package model_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
)

func TestInputSized(t *testing.T) {
	for _, c := range []struct {
		in           model.Input
		side, resize int
	}{
		{model.CaffeInput(), 227, 256},
		{model.CaffeInput(), 288, 325},       // 324.8
		{model.TorchvisionInput(), 128, 146}, // 146.3
		{model.Input{Size: 227, Fit: model.Direct}, 64, 0},
	} {
		got := c.in.Sized(c.side)
		require.Equal(t, c.resize, got.Resize)
		c.in.Size, c.in.Resize = c.side, c.resize
		require.Equal(t, c.in, got, "nothing else changes")
	}
}
