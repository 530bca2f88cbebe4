package train

import (
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
)

// TestInterpolate: both ends are the networks themselves, and the middle is their mean.
func TestInterpolate(t *testing.T) {
	from, err := Initialize(testnet.Small(), testnet.Input(testnet.Small()), nil, Xavier, 1)
	require.NoError(t, err)
	to, err := Initialize(testnet.Small(), testnet.Input(testnet.Small()), nil, He, 2)
	require.NoError(t, err)
	from.Layers[0].Bias[0], to.Layers[0].Bias[0] = 1, 4
	require.Equal(t, from, Interpolate(from, to, 0))
	require.Equal(t, to, Interpolate(from, to, 1))
	middle := Interpolate(from, to, 0.5)
	require.NoError(t, middle.Validate())
	require.InDelta(t, 2.5, middle.Layers[0].Bias[0], 0)
	for l := range middle.Layers {
		for i, v := range middle.Layers[l].Weights {
			require.InDelta(t, (float64(from.Layers[l].Weights[i])+float64(to.Layers[l].Weights[i]))/2, float64(v), 1e-7)
		}
	}
}
