package quant

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/pixel"
	"halfmeg/camera/testcard"
	"halfmeg/model"
	"halfmeg/model/prep"
	"halfmeg/model/pretrained"
	"halfmeg/quant/float"
)

// TestDequantize: the float network's logits are those of the int8 network but for
// the rounding and the limit of activations, 6 % at most here. v1.0 pads its head, so
// that the mean over the map includes the border: without it they differ by a quarter.
func TestDequantize(t *testing.T) {
	for _, name := range pretrained.Names() {
		n, err := pretrained.Load(name)
		require.NoError(t, err)
		f, err := Dequantize(n)
		require.NoError(t, err)
		require.Equal(t, n.Topology, f.Topology)
		require.Equal(t, n.Labels, f.Labels)
		engine, err := model.NewEngine(n, 1)
		require.NoError(t, err)
		forward, err := float.NewForward(f)
		require.NoError(t, err)
		resize, err := prep.NewPreprocessor(n.Input)
		require.NoError(t, err)
		format := pixel.Format{FourCC: pixel.RGB24, Width: testcard.Width, Height: testcard.Height, Stride: 3 * testcard.Width}
		frame := make([]byte, format.Size())
		pass := forward.NewPass()
		for i := range testcard.Scenes() {
			require.NoError(t, new(testcard.Card).Draw(frame, time.Duration(i)*testcard.SceneTime))
			require.NoError(t, resize.Run(engine.Input(), format.Image(frame)))
			got, err := pass.Run(engine.Input())
			require.NoError(t, err)
			want := engine.Run() // overwrites its input
			var errors, squares float64
			for c := range want {
				errors += math.Pow(float64(got[c]-want[c]), 2)
				squares += math.Pow(float64(want[c]), 2)
			}
			require.Less(t, math.Sqrt(errors/squares), 0.1, "%s, scene %d", name, i)
		}
	}
}

// TestDequantizeInvertsTheInput: conv1 reads mean and standard deviation again.
func TestDequantizeInvertsTheInput(t *testing.T) {
	in := model.TorchvisionInput()
	l := float.Layer{Weights: []float32{1, -2, 3, 0.5, 0, 1}, Bias: []float32{4, -5}}
	got := unfoldInput(foldInput(l, in), in)
	require.InDeltaSlice(t, l.Weights, got.Weights, 1e-5)
	require.InDeltaSlice(t, l.Bias, got.Bias, 1e-4)
}

// TestDequantizeChecks: an invalid network is rejected.
func TestDequantizeChecks(t *testing.T) {
	_, err := Dequantize(&model.Network{Topology: model.V11()})
	require.Error(t, err)
}
