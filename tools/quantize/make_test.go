package main

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
	"halfmeg/tools/internal/pictures"
)

// TestTakeWhole: every other calibration picture is not cropped, and none
// where the network crops nothing anyway.
func TestTakeWhole(t *testing.T) {
	f, err := pictures.List(folder(t, 5, false), nil)
	require.NoError(t, err)
	load := func(fit model.Fit) *pictures.Inputs {
		in := model.TorchvisionInput()
		in.Fit = fit
		inputs, err := pictures.Load(context.Background(), f.Items, in, 1, func() {})
		require.NoError(t, err)
		return inputs
	}
	cropped, whole, mixed := load(model.Crop), load(model.Direct), load(model.Crop)
	require.NoError(t, takeWhole(context.Background(), mixed, model.TorchvisionInput(), 1))
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
	untouched := load(model.Direct)
	require.NoError(t, takeWhole(context.Background(), untouched, direct, 1))
	require.Equal(t, whole.Data, untouched.Data)
}
