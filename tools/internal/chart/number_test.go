package chart

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGrouped(t *testing.T) {
	for n, want := range map[int]string{
		0: "0", 7: "7", 999: "999", 1000: "1,000", 12345: "12,345", 123456: "123,456", 1234567: "1,234,567",
		-1000: "−1,000", -12: "−12",
		math.MinInt: map[int]string{32: "−2,147,483,648", 64: "−9,223,372,036,854,775,808"}[strconv.IntSize],
	} {
		require.Equal(t, want, Grouped(n))
	}
}

func TestFixed(t *testing.T) {
	for _, c := range []struct {
		v        float64
		decimals int
		want     string
	}{
		{94.06, 1, "94.1"}, {-0.52, 1, "−0.5"}, {-0.01, 1, "0.0"}, {3, 0, "3"}, {0.03126, 4, "0.0313"},
		{math.NaN(), 1, "–"}, {math.Inf(1), 1, "∞"}, {math.Inf(-1), 1, "−∞"}, {-1.2345e300, 1, "−1.23e+300"},
	} {
		require.Equal(t, c.want, Fixed(c.v, c.decimals))
	}
}

// TestAxis: for any values there are few round ticks, and positions are within
// the axis and monotonic.
func TestAxis(t *testing.T) {
	a := NewAxis([]float64{0, 87, math.NaN(), math.Inf(1)}, 4, 10, 90)
	require.Equal(t, []float64{0, 50, 100}, a.Ticks())
	require.InDelta(t, 10+0.8*87, a.At(87), 1e-9)
	require.InDelta(t, 0.8*43, a.Length(43), 1e-9)
	require.Equal(t, []float64{0, 1, 2, 3}, NewAxis([]float64{0, 3}, 10, 0, 1).Integral().Ticks())
	require.Equal(t, []float64{0, 50}, a.UpTo(87).Ticks())
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		low := r.NormFloat64() * math.Pow(10, 600*r.Float64()-300)
		high := low + math.Abs(r.NormFloat64())*math.Pow(10, 600*r.Float64()-300)
		if r.IntN(4) == 0 {
			high = low
		}
		a := NewAxis([]float64{low, high}, 4, 10, 90)
		ticks := a.Ticks()
		require.LessOrEqual(t, len(ticks), 8, "%g %g", low, high)
		require.NotEmpty(t, ticks)
		require.GreaterOrEqual(t, a.At(low), 10.0, "%g %g", low, high)
		require.LessOrEqual(t, a.At(high), 90.0)
		require.LessOrEqual(t, a.At(low), a.At(high), "%g %g", low, high)
		for _, v := range ticks {
			require.True(t, Finite(v))
		}
	}
}
