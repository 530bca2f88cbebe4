package sqz

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model/sqz/internal/arith"
)

func TestBiasesAndMultipliers(t *testing.T) {
	bothWays(t, func(c coder) {
		var m parameterModel
		for _, v := range [][]int32{
			{0}, {0, 0, 0}, {math.MaxInt32, -math.MaxInt32}, {math.MinInt32, 0}, {-768, 1280, 0, -256}, {5},
		} {
			require.Equal(t, v, m.codeBiases(c, v, len(v)))
		}
		for _, v := range [][]float32{
			{1}, {1, 1, 1}, {math.SmallestNonzeroFloat32, math.MaxFloat32}, {0.5, 0.25, 1, 3}, {1e-3, 1.1e-3, 0.9e-3},
		} {
			for _, sum := range []int{0, 1, 1000, 127 * maxWeights} {
				sums := make([]int, len(v))
				sums[0] = sum
				require.Equal(t, v, m.codeMultipliers(c, v, sums))
			}
		}
	})
}

// multiplierBits returns the average size of a multiplier in bits.
func multiplierBits(v []float32, filterSums []int) float64 {
	w := &writer{e: arith.NewEncoder(nil)}
	new(parameterModel).codeMultipliers(w, v, filterSums)
	return 8 * float64(len(w.e.Finish())) / float64(len(v))
}

// TestSizeOfMultipliers: multipliers with a precision of five bits take little
// more than their entropy, less if the weights predict them, and next to nothing
// if they are all the same.
func TestSizeOfMultipliers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	scattered, same := make([]float32, 1000), make([]float32, 1000)
	inverse, unrelated := make([]int, 1000), make([]int, 1000)
	for i := range scattered {
		same[i] = 1. / 4096
		octaves := 0.5 * rng.NormFloat64()
		scattered[i] = math.Float32frombits(math.Float32bits(float32(math.Exp2(octaves-10))) &^ (1<<18 - 1))
		inverse[i] = int(math.Exp2(10 - octaves + 0.1*rng.NormFloat64()))
		unrelated[i] = int(math.Exp2(10 + 0.5*rng.NormFloat64()))
	}
	const entropy = 6.05 // bits: log2(32/2·sqrt(2πe))
	t.Logf("%.2f bits, %.2f if the weights predict them", multiplierBits(scattered, unrelated), multiplierBits(scattered, inverse))
	require.Less(t, multiplierBits(scattered, unrelated), entropy+0.75)
	require.Less(t, multiplierBits(scattered, inverse), entropy-1)
	require.Less(t, multiplierBits(same, unrelated), 0.2)
}

func TestLog2IsThatOfFloats(t *testing.T) {
	for _, v := range []uint32{1, 2, 3, 100, 1<<20 + 7, 1<<24 - 1} {
		require.Equal(t, math.Float32bits(float32(v))-math.Float32bits(1), uint32(log2(v)), "%d", v)
	}
	require.Equal(t, int64(31)<<23, log2(1<<31))
}
