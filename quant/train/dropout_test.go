package train

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDropoutKeepsTheMean: the factors are 0 and 1/(1-rate), the first in the
// proportion of the rate, and equal generators make equal masks.
func TestDropoutKeepsTheMean(t *testing.T) {
	for _, rate := range []float64{0.1, 0.5, 0.8} {
		mask, again := make([]float32, 40_003), make([]float32, 40_003)
		dropout(mask, rate, rand.New(rand.NewPCG(1, 2)))
		dropout(again, rate, rand.New(rand.NewPCG(1, 2)))
		require.Equal(t, mask, again)
		dropped, sum := 0, 0.0
		for _, m := range mask {
			if m == 0 {
				dropped++
			} else {
				require.InDelta(t, 1/(1-rate), m, 1e-3)
			}
			sum += float64(m)
		}
		require.InDelta(t, rate, float64(dropped)/float64(len(mask)), 0.01)
		require.InDelta(t, 1, sum/float64(len(mask)), 0.05)
	}
}
