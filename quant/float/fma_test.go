package float

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFMA compares with exact arithmetic: sums near the middle between two float32,
// cancellation, numbers of all sizes, subnormal ones and infinities.
func TestFMA(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	exact := func(x, y, z float32) float32 {
		p := new(big.Float).SetPrec(1000).Mul(big.NewFloat(float64(x)), big.NewFloat(float64(y)))
		sum, _ := p.Add(p, big.NewFloat(float64(z))).Float32()
		return sum
	}
	near := func(v float64) float32 {
		return math.Float32frombits(math.Float32bits(float32(v)) + uint32(r.IntN(5)) - 2)
	}
	for range 200_000 {
		x, y := float32(math.Ldexp(r.NormFloat64(), r.IntN(120)-60)), float32(math.Ldexp(r.NormFloat64(), r.IntN(120)-60))
		product := float64(x) * float64(y)
		for _, z := range []float32{
			near(-product), near(product), near(-product * (1 << 24)), near(product / (1 << 24)),
			near(math.Ldexp(product, r.IntN(100)-50)), math.SmallestNonzeroFloat32 * float32(r.IntN(9)), 0,
		} {
			if math.IsInf(float64(z), 0) || z != z {
				continue
			}
			if want, got := exact(x, y, z), fma(x, y, z); want != got {
				t.Fatalf("%g * %g + %g is %g, expected %g", x, y, z, got, want)
			}
		}
	}
	infinity := float32(math.Inf(1))
	require.Equal(t, infinity, fma(math.MaxFloat32, 2, 1))
	require.Equal(t, infinity, fma(infinity, 2, 1))
	require.Equal(t, -infinity, fma(3, 2, -infinity))
	require.True(t, math.IsNaN(float64(fma(infinity, 1, -infinity))))
	require.True(t, math.IsNaN(float64(fma(infinity, 0, 1))))
}
