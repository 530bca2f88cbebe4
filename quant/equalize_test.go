package quant

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
	"halfmeg/quant/float"
)

// TestEqualizationKeepsTheFunction: channel scales applied in one layer and made
// up for in the next do not change the network's output.
func TestEqualizationKeepsTheFunction(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	topology := testnet.Small()
	topology.Fires[1].Bypass = false
	n := randomFloat(r, topology)
	e := equalization{channelScale: []float64{0.5, 3, 1, 7}} // fire2's squeeze has four channels
	changed := *n
	changed.Layers = append([]float.Layer(nil), n.Layers...)
	changed.Layers[1] = e.scaleOutputs(n.Layers[1], 0)
	changed.Layers[2] = e.unscaleInputs(n.Layers[2])
	changed.Layers[3] = e.unscaleInputs(n.Layers[3])
	picture := randomPictures(r, 1)[0]
	run := func(n *float.Network) []float32 {
		f, err := float.NewForward(n)
		require.NoError(t, err)
		logits, err := f.NewPass().Run(picture)
		require.NoError(t, err)
		return logits
	}
	want, got := run(n), run(&changed)
	for c := range want {
		require.InDelta(t, want[c], got[c], 1e-4)
	}
}
