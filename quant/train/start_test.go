package train

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
	"halfmeg/model"
)

// TestInitialize: biases are zero and weights have the rule's variance; equal seeds
// make equal networks.
func TestInitialize(t *testing.T) {
	topology := model.V11()
	topology.Head.Classes = 10
	in := testnet.Input(topology)
	for rule, variance := range map[Rule]float64{Xavier: 1, He: 2} {
		n, err := Initialize(topology, in, nil, rule, 5)
		require.NoError(t, err)
		require.NoError(t, n.Validate())
		again, err := Initialize(topology, in, nil, rule, 5)
		require.NoError(t, err)
		require.Equal(t, n, again)
		other, err := Initialize(topology, in, nil, rule, 6)
		require.NoError(t, err)
		require.NotEqual(t, n, other)
		for i, l := range n.Layers {
			inputs, squares, most := float64(len(l.Weights)/len(l.Bias)), 0.0, 0.0
			for _, w := range l.Weights {
				squares += float64(w) * float64(w) / float64(len(l.Weights))
				most = max(most, math.Abs(float64(w)))
			}
			require.InDelta(t, variance/inputs, squares, 0.15*variance/inputs, "layer %d", i)
			if rule == Xavier {
				require.LessOrEqual(t, most, math.Sqrt(3/inputs)*1.0001)
			}
			require.Equal(t, make([]float32, len(l.Bias)), l.Bias)
		}
	}
	_, err := Initialize(topology, in, []string{"one"}, He, 5)
	require.ErrorContains(t, err, "1 labels for 10 classes")
}

// TestInitializeBypass: what is added to a bypass starts at a quarter if there are four.
func TestInitializeBypass(t *testing.T) {
	topology := model.V11()
	plain, err := Initialize(topology, testnet.Input(topology), nil, He, 5)
	require.NoError(t, err)
	bypassed, err := Initialize(topology.WithBypass(), testnet.Input(topology), nil, He, 5)
	require.NoError(t, err)
	g, err := topology.Graph()
	require.NoError(t, err)
	for i, c := range g.Convolutions {
		module, part, _ := strings.Cut(c.Name, "/")
		factor := float32(1)
		if strings.HasPrefix(part, "expand") && slices.Contains([]string{"fire3", "fire5", "fire7", "fire9"}, module) {
			factor = 0.25
		}
		require.Equal(t, factor*plain.Layers[i].Weights[0], bypassed.Layers[i].Weights[0], c.Name)
	}
}

// TestReplaceHead: only the last layer is new, and the source stays as it is.
func TestReplaceHead(t *testing.T) {
	net := randomNetwork(1, testnet.Small())
	before := clone(net.Layers)
	n, err := ReplaceHead(net, []string{"open", "shut"}, true, 3)
	require.NoError(t, err)
	require.NoError(t, n.Validate())
	require.Equal(t, model.Head{Classes: 2, Linear: true}, n.Topology.Head)
	require.Equal(t, []string{"open", "shut"}, n.Labels)
	last := len(net.Layers) - 1
	require.Equal(t, net.Layers[:last], n.Layers[:last])
	require.Equal(t, make([]float32, 2*17), n.Layers[last].Weights)
	require.Equal(t, before, net.Layers)
	require.Equal(t, testnet.Small(), net.Topology)

	rectified, err := ReplaceHead(net, []string{"open", "shut"}, false, 3)
	require.NoError(t, err)
	require.Equal(t, model.Head{Classes: 2}, rectified.Topology.Head)
	require.Len(t, rectified.Layers[last].Weights, 2*17)
	require.NotContains(t, rectified.Layers[last].Weights, float32(0))

	_, err = ReplaceHead(net, nil, true, 3)
	require.ErrorContains(t, err, "no classes")
	net.Layers[0].Bias[0] = float32(math.NaN())
	_, err = ReplaceHead(net, []string{"open"}, true, 3)
	require.ErrorContains(t, err, "conv1")
}
