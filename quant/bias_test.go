package quant

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
	"halfmeg/quant/float"
)

// TestBiasRestoresTheMean: over the calibration patches a channel has the float
// network's mean before its ReLU, whatever the error of its rounded weights.
func TestBiasRestoresTheMean(t *testing.T) {
	const depth, inScale, outScale = 4, 0.5, 0.7
	r := rand.New(rand.NewPCG(2, 2))
	x, y, m := pairs(r, depth, 500)
	s := model.Step{Kind: model.Squeeze, In: depth, Out: 1, Kernel: 1, OutSize: 3}
	l := float.Layer{Weights: []float32{1, -0.3, 0.2, 0.5}, Bias: []float32{3}}
	h := m.hessian()
	rounded := &rounding{step: s, float: l, stats: m, inScale: inScale, outScale: outScale,
		metric: metric{inputs: newLDL(h, descendingDiagonal(h)), outputCost: []float64{1}}}
	rounded.round()
	for k := range rounded.weights {
		rounded.weights[k] += int8(3 * (k%2*2 - 1)) // far worse than it is rounded
	}
	layer := rounded.layer()
	want, got := 0.0, 0.0
	for i := range x {
		want += dot(l.Weights, y[i][:depth]) + float64(l.Bias[0])
		acc := float64(layer.Bias[0])
		for k, w := range layer.Weights {
			acc += float64(w) * x[i][k]
		}
		got += acc * float64(layer.Multiplier[0]) * outScale
	}
	n := float64(len(x))
	require.InDelta(t, want/n, got/n, biasStep(m, uniformVariance)*inScale*rounded.scales[0], "half a step of the bias")
}

// TestClampBias: a bias is a multiple of its step, limited such that the
// accumulator does not overflow.
func TestClampBias(t *testing.T) {
	weights := []int8{127, -127, 100}
	require.Equal(t, int32(-12), clampBias(-12.4, 1, weights))
	require.Equal(t, int32(-16), clampBias(-12.4, 8, weights))
	require.Equal(t, int32(2), clampBias(2.5, 1, weights))
	for _, b := range []float64{1e30, -1e30} {
		limit := clampBias(b, 8, weights)
		require.Zero(t, limit%8)
		require.LessOrEqual(t, model.AccumulatorBound(weights, limit), int64(math.MaxInt32))
		require.Greater(t, math.Abs(float64(limit)), 2e9)
	}
}
