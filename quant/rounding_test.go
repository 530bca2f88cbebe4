package quant

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestHugeBiasGetsLargerSteps: in steps as fine as the weights allow, a bias
// far larger than they are would not fit in an int32.
func TestHugeBiasGetsLargerSteps(t *testing.T) {
	r := &rounding{inScale: 0.5}
	fine := r.finestScale([]float64{1e-6}, 0)
	require.InEpsilon(t, 1e-6/127, fine, 1e-12)
	coarse := r.finestScale([]float64{1e-6}, 1e6)
	require.LessOrEqual(t, 1e6/(0.5*coarse), float64(biasLimit))
}
