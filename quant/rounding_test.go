package quant

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
	"halfmeg/model"
	"halfmeg/quant/float"
)

// pairs returns patches of codes x and of the float network's values y, with
// y = 0.5*x except for crosstalk from one input to another, such as quantized
// layers before might cause, and their statistics.
func pairs(r *rand.Rand, depth, count int) (x, y [][]float64, m *inputStats) {
	m = newInputStats(depth + 1)
	for range count {
		xs, ys := make([]float64, depth+1), make([]float64, depth+1)
		for k := range depth {
			xs[k] = float64(r.IntN(256))
			ys[k] = 0.5 * xs[k]
		}
		ys[0] += 0.2 * xs[1]
		xs[depth], ys[depth] = 1, 1
		for i := range xs {
			for j := range xs {
				m.gram[i*m.n+j] += xs[i] * xs[j]
				m.cross[i*m.n+j] += ys[i] * xs[j]
			}
		}
		x, y = append(x, xs), append(y, ys)
	}
	return x, y, m
}

func dot(w []float32, v []float64) float64 {
	sum := 0.0
	for k := range w {
		sum += float64(w[k]) * v[k]
	}
	return sum
}

// TestRefit: refitted weights compute from the codes what the float weights
// compute from the values; the float weights themselves do not.
func TestRefit(t *testing.T) {
	const depth, inScale = 4, 0.5
	r := rand.New(rand.NewPCG(1, 1))
	x, y, m := pairs(r, depth, 2000)
	weights := []float32{1, -0.3, 0.2, 0.5}
	refitted := m.refit(weights, 1, inScale, nil)
	as32 := make([]float32, depth)
	for k, w := range refitted {
		as32[k] = float32(w)
	}
	variance := func(w []float32) float64 {
		var sum, squares float64
		for i := range x {
			d := dot(weights, y[i][:depth]) - inScale*dot(w, x[i][:depth])
			sum += d
			squares += d * d
		}
		n := float64(len(x))
		return squares/n - sum/n*sum/n
	}
	require.Less(t, variance(as32), 0.01*variance(weights))
}

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

// TestHugeBiasGetsLargerSteps: in steps as fine as the weights allow, a bias
// far larger than they are would not fit in an int32.
func TestHugeBiasGetsLargerSteps(t *testing.T) {
	r := &rounding{inScale: 0.5}
	fine := r.finestScale([]float64{1e-6}, 0)
	require.InEpsilon(t, 1e-6/127, fine, 1e-12)
	coarse := r.finestScale([]float64{1e-6}, 1e6)
	require.LessOrEqual(t, 1e6/(0.5*coarse), float64(biasLimit))
}

// TestHugeActivations are an error.
func TestHugeActivations(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for _, layer := range []int{0, 4} {
		n := randomFloat(r, testnet.Small())
		for i := range n.Layers[layer].Weights {
			n.Layers[layer].Weights[i] *= 1e37
		}
		_, err := Quantize(context.Background(), n, randomPictures(r, 2), Options{})
		require.ErrorContains(t, err, "activations of the float network exceed 1e+12")
	}
}
