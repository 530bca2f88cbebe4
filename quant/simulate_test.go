package quant

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
	"halfmeg/model"
	"halfmeg/quant/float"
)

// TestSimulationMatchesEngine: the simulator's codes are the engine's, so that
// layers are refitted to the inputs that they will have.
func TestSimulationMatchesEngine(t *testing.T) {
	for _, topology := range testnet.Heads() {
		checkSimulation(t, topology)
	}
}

func checkSimulation(t *testing.T, topology model.Topology) {
	r := rand.New(rand.NewPCG(2, 2))
	n := randomFloat(r, topology)
	pictures := randomPictures(r, 3)
	graph, err := n.Topology.Graph()
	require.NoError(t, err)
	groups := split(graph)
	result := quantizeSmall(t, n, pictures, Options{})
	c := newCalibrator(n, pictures, 1)
	head := groups[len(groups)-1]
	layer := 0
	for _, g := range groups[:len(groups)-1] {
		for i := range c.samples {
			c.samples[i].next = float.NewMap(1, 1) // not compared here
		}
		layers := result.Network.Layers[layer : layer+len(g.convs)]
		layer += len(g.convs)
		_, err := c.advance(context.Background(), g, layers, equalization{channelScale: []float64{1}})
		require.NoError(t, err)
	}
	engine, err := model.NewEngine(result.Network, 1)
	require.NoError(t, err)
	defer engine.Close()
	for i, p := range pictures {
		copy(engine.Input(), p)
		logits := engine.Run()
		conv := float.NewConv(head.convs[0], integerLayer(result.Network.Layers[layer]))
		acc := forward(head, []*float.Conv{conv}, c.samples[i].codes.floats(new([]float32), 1), nil, new([]float32), &float.Scratch{})
		values := rescaleHead(acc, result.Network.Layers[layer], head.convs[0])
		sums := values.Sums()
		for c := range logits {
			mean := sums[c] / float32(values.Size*values.Size)
			require.InDelta(t, logits[c], mean, 1e-5*float64(1+max(mean, -mean)))
		}
	}
}
