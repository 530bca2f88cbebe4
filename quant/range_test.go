package quant

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/quant/float"
)

// TestScaleAgainstBruteForce: the squared error of bestScale, computed from the
// values themselves, is within 5 % of the smallest.
func TestScaleAgainstBruteForce(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	m := float.NewMap(100, 1)
	for i := range m.Data {
		m.Data[i] = float32(math.Max(r.NormFloat64(), 0) * math.Exp(r.NormFloat64()))
	}
	h := newHistogram(1)
	h.add(m)
	squared := func(scale float64) float64 {
		sum := 0.0
		for _, v := range m.Data {
			d := float64(v) - scale*min(math.RoundToEven(float64(v)/scale), codeLevels)
			sum += d * d
		}
		return sum
	}
	d := h.channel(0)
	best := math.Inf(1)
	for scale := d.largest() / codeLevels; scale > 0; scale -= d.largest() / codeLevels / 200 {
		best = min(best, squared(scale))
	}
	require.Less(t, squared(bestScale(d.largest(), d.squaredError)), 1.05*best)
}

// TestHistogramMerge: two histograms of halves are that of the whole.
func TestHistogramMerge(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	whole, first, second := newHistogram(3), newHistogram(3), newHistogram(3)
	for i := range 10 {
		m := float.NewMap(4, 3)
		for k := range m.Data {
			m.Data[k] = float32(r.NormFloat64())
		}
		if i == 9 {
			m.Data[0] = float32(math.NaN())
		}
		whole.add(m)
		[]*histogram{first, second}[i%2].add(m)
	}
	first.merge(second)
	require.Equal(t, whole, first)
	require.True(t, first.overflow)
}
