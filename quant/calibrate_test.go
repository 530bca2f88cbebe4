package quant

import (
	"context"
	"math/rand/v2"
	"testing"

	"halfmeg/internal/testnet"

	"github.com/stretchr/testify/require"
)

// TestHugeActivations checks that they are an error.
func TestHugeActivations(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for _, layer := range []int{0, 4} {
		n := randomFloat(r, testnet.Small())
		for i := range n.Layers[layer].Weights {
			n.Layers[layer].Weights[i] *= 1e37
		}
		_, err := Quantize(context.Background(), n, randomPictures(r, 2), Options{})
		require.ErrorContains(t, err, "activations of the float network exceed 1e+12")
	}
}
