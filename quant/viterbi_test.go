package quant

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"halfmeg/model/trellis"
)

func follows(weights []int8, depth int) bool {
	_, ok := trellis.Indices(weights, depth)
	return ok
}

// cost returns the cost of the errors of rounded weights, tr(G*E*H*E').
func cost(target, scales []float64, weights []int8, h, g *mat.SymDense) float64 {
	out := len(scales)
	depth := len(target) / out
	e := mat.NewDense(out, depth, nil)
	for i, w := range weights {
		e.Set(i/depth, i%depth, target[i]-float64(w)*scales[i/depth])
	}
	var eh, geh mat.Dense
	eh.Mul(e, h)
	geh.Mul(g, &eh)
	sum := 0.0
	for o := range out {
		for k := range depth {
			sum += geh.At(o, k) * e.At(o, k)
		}
	}
	return sum
}

// TestRounding: compensation over inputs, and then over outputs, lowers the
// cost of errors; and weights follow the trellis if they are to.
func TestRounding(t *testing.T) {
	const out, depth = 24, 30
	r := rand.New(rand.NewPCG(2, 2))
	h, g := randomCovariance(r, depth), randomCovariance(r, out)
	target, scales := make([]float64, out*depth), make([]float64, out)
	for o := range scales {
		scales[o] = 0.5 + r.Float64()
	}
	for i := range target {
		target[i] = 3 * r.NormFloat64()
	}
	identity := func(n int) *mat.SymDense {
		d := mat.NewSymDense(n, nil)
		for i := range n {
			d.SetSym(i, i, 1)
		}
		return d
	}
	round := func(h, g *mat.SymDense, trellis bool) []int8 {
		m := metric{inputs: newLDL(h, descendingDiagonal(h)), outputs: newLDL(g, ascending(out))}
		m.outputCost = m.outputs.cost
		return (&rounder{metric: m, target: target, scales: scales, useTrellis: trellis}).round()
	}
	nearest := round(identity(depth), identity(out), false)
	for i, w := range nearest {
		require.Equal(t, math.RoundToEven(target[i]/scales[i/depth]), float64(w), "no correlation to exploit")
	}
	plain := cost(target, scales, nearest, h, g)
	inputs := cost(target, scales, round(h, identity(out), false), h, g)
	both := cost(target, scales, round(h, g, false), h, g)
	require.Less(t, inputs, 0.6*plain)
	require.Less(t, both, 0.6*inputs)

	coded := round(h, g, true)
	require.True(t, follows(coded, depth))
	require.False(t, follows(round(h, g, false), depth))
	require.Less(t, cost(target, scales, coded, h, g), 4*both, "every second number alone would cost 4 times as much")
}

// TestTrellisVariance measures trellisVariance again.
func TestTrellisVariance(t *testing.T) {
	const out = 20000
	r := rand.New(rand.NewPCG(3, 3))
	target, scales := make([]float64, out), make([]float64, out)
	for o := range target {
		target[o], scales[o] = 20*r.NormFloat64(), 1
	}
	h := mat.NewSymDense(1, []float64{1})
	rounder := &rounder{metric: metric{inputs: newLDL(h, []int{0}), outputCost: scales}, target: target, scales: scales, useTrellis: true}
	sum := 0.0
	for o, w := range rounder.round() {
		e := target[o] - float64(w)
		sum += e * e / out
	}
	require.InEpsilon(t, trellisVariance, sum, 0.03)
}

// TestRateSavesBits: with a price for bits, weights are smaller at the same
// scales, and the errors' cost rises by less than the price of the bits saved.
func TestRateSavesBits(t *testing.T) {
	const out, depth, rate = 40, 30, 0.2
	r := rand.New(rand.NewPCG(4, 4))
	h := randomCovariance(r, depth)
	target, scales := make([]float64, out*depth), make([]float64, out)
	for o := range scales {
		scales[o] = 1
	}
	for i := range target {
		target[i] = r.NormFloat64() * float64(1+i%depth) / 8
	}
	m := metric{inputs: newLDL(h, descendingDiagonal(h)), outputCost: scales}
	perIndex := bitsPerIndex(target, scales)
	round := func(rate float64) (bits, errors float64) {
		x := &rounder{metric: m, target: target, scales: scales, useTrellis: true, lambda: rate}
		weights := x.round()
		require.True(t, follows(weights, depth))
		for i, w := range weights {
			bits += perIndex[i%depth][i/depth] * math.Ceil(math.Abs(float64(w))/2)
		}
		one := mat.NewSymDense(out, nil)
		for o := range out {
			one.SetSym(o, o, 1)
		}
		return bits, cost(target, scales, weights, h, one)
	}
	allBits, smallErrors := round(0)
	bits, errors := round(rate * mat.Trace(h) / depth)
	require.Less(t, bits, 0.95*allBits)
	require.Less(t, errors-smallErrors, rate*mat.Trace(h)/depth*(allBits-bits))
}
