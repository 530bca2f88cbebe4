package report

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// filled returns the counts of the non-empty bins by their centre.
func filled(h Histogram) map[float64]int {
	bins := map[float64]int{}
	for i, n := range h.counts {
		if n > 0 {
			bins[float64(i-h.middle())*h.width] = n
		}
	}
	return bins
}

// TestInt8Histogram: every value has a bin.
func TestInt8Histogram(t *testing.T) {
	h := Int8Histogram([]int8{0, -3, 127, 0, -128, 5, 5, 0})
	require.Equal(t, map[float64]int{-128: 1, -3: 1, 0: 3, 5: 2, 127: 1}, filled(h))
	require.Equal(t, 8, h.total())
	require.Equal(t, 3, h.zeros())
	require.Equal(t, 128.0, h.largest())
	require.Equal(t, 5.0, (new(Int8Histogram([]int8{-5, 4}))).largest())
}

// TestFloatHistogram: each channel counts in its own steps, NaN is left out, and
// values out of range are in the outermost bins.
func TestFloatHistogram(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	weights := []float32{
		0.1, -0.2, 0.04, 0,
		3, 7e30, nan, -inf,
		0, 0, 1, -1, // the step of a dead channel can be 0
	}
	h := FloatHistogram(weights, []float64{0.1, 2, 0})
	require.Equal(t, map[float64]int{
		1: 1, -2: 1, 0.5: 1, 0: 1 + 2,
		1.5: 1, 128: 1 + 1, -128: 1 + 1,
	}, filled(h))
	require.Equal(t, len(weights)-1, h.total())
	require.Equal(t, filled(h), filled(FloatHistogram([]float64{
		0.1, -0.2, 0.04, 0, 3, 7e30, math.NaN(), math.Inf(-1), 0, 0, 1, -1}, []float32{0.1, 2, 0})))
	require.Zero(t, new(FloatHistogram([]float32{}, []float32{})).total())
	require.Zero(t, new(Histogram).zeros())
}

// TestDensity: every count is kept, at its position, for every width of columns.
func TestDensity(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	weights := make([]float64, 1000)
	for i := range weights {
		weights[i] = 10 * r.NormFloat64()
	}
	h := FloatHistogram(weights, []float64{1})
	for merge := 1; merge < 40; merge += 2 {
		width := h.width * float64(merge)
		d := h.density(int(math.Ceil((reach+1)/width)), merge)
		sum, moment := 0.0, 0.0
		for i, v := range d {
			sum += v * width
			moment += v * width * float64(i-len(d)/2) * width
		}
		require.InDelta(t, 1000, sum, 1e-6, "merging %d", merge)
		mean := 0.0
		for v, n := range filled(h) {
			mean += v * float64(n)
		}
		require.InDelta(t, mean/1000, moment/1000, width/4, "merging %d is biased", merge)
	}
}
