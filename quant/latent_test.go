package quant

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRoundToTrellis: the weights follow the trellis, their error has the
// variance of the trellis, and weights that follow it already stay.
func TestRoundToTrellis(t *testing.T) {
	const out, depth = 300, 7
	r := rand.New(rand.NewPCG(23, 23))
	latent, weights := make([]float32, out*depth), make([]int8, out*depth)
	for i := range latent {
		latent[i] = float32(40 * r.NormFloat64())
	}
	roundToTrellis(weights, latent, nil, depth)
	require.True(t, follows(weights, depth))
	sum := 0.0
	for i, w := range weights {
		if v := float64(latent[i]); math.Abs(v) < 120 {
			sum += (v - float64(w)) * (v - float64(w)) / float64(len(weights))
		}
		latent[i] = float32(w)
	}
	require.InEpsilon(t, trellisVariance, sum, 0.1)
	again := make([]int8, out*depth)
	roundToTrellis(again, latent, nil, depth)
	require.Equal(t, weights, again)
}
