package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
	"halfmeg/tools/internal/compress"
	"halfmeg/tools/internal/pictures"
)

// TestMixUncropped: every other calibration picture is not cropped; a network
// whose rule has no crop changes nothing.
func TestMixUncropped(t *testing.T) {
	f, err := pictures.List(pictureFolder(t, 5, false), pictures.Classes{})
	require.NoError(t, err)
	prepare := func(fit model.Fit) *pictures.Inputs {
		in := model.TorchvisionInput()
		in.Fit = fit
		inputs, err := pictures.Load(context.Background(), f.Items, in, 1, func() {})
		require.NoError(t, err)
		return inputs
	}
	cropped, whole, mixed := prepare(model.Crop), prepare(model.Direct), prepare(model.Crop)
	require.NoError(t, compress.MixUncropped(context.Background(), mixed, model.TorchvisionInput(), 1))
	for i := range mixed.Data {
		require.NotEqual(t, cropped.Data[i], whole.Data[i])
		want := cropped
		if i%2 == 1 {
			want = whole
		}
		require.Equal(t, want.Data[i], mixed.Data[i], "picture %d", i)
	}
	direct := model.TorchvisionInput()
	direct.Fit = model.Direct
	untouched := prepare(model.Direct)
	require.NoError(t, compress.MixUncropped(context.Background(), untouched, direct, 1))
	require.Equal(t, whole.Data, untouched.Data)
}
