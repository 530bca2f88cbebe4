package quant

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
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

// TestPrunedStayZero: pruned weights stay zero, and the others are refitted
// without them.
func TestPrunedStayZero(t *testing.T) {
	const depth, inScale = 4, 0.5
	r := rand.New(rand.NewPCG(5, 5))
	_, _, m := pairs(r, depth, 2000)
	weights := []float32{1, 0, 0.2, 0}
	pruned := findPruned(weights)
	require.Equal(t, []bool{false, true, false, true}, pruned)
	require.Nil(t, findPruned([]float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0}), "one may be an accident")

	refitted := m.refit(weights, 1, inScale, pruned)
	require.Zero(t, refitted[1])
	require.Zero(t, refitted[3])
	all := m.refit(weights, 1, inScale, nil)
	require.NotZero(t, all[1])

	// The gradient vanishes in the free directions: H*(x-w) = C'w there.
	h, d := m.hessian(), m.crossCovariance(inScale)
	ridge := damping * mat.Trace(h) / depth
	for _, k := range []int{0, 2} {
		left, right := 0.0, 0.0
		for j := range depth {
			left += h.At(k, j) * (refitted[j] - float64(weights[j]))
			right += d.At(j, k) * float64(weights[j])
		}
		left += ridge * (refitted[k] - float64(weights[k]))
		require.InDelta(t, right, left, 1e-6*mat.Trace(h))
	}

	metric := metric{inputs: newLDL(h, descendingDiagonal(h)), outputCost: []float64{1}}
	for _, coded := range []bool{false, true} {
		x := &rounder{metric: metric, target: refitted, pruned: pruned, scales: []float64{0.01}, useTrellis: coded}
		w := x.round()
		require.Zero(t, w[1])
		require.Zero(t, w[3])
		require.NotZero(t, w[0])
	}
}
