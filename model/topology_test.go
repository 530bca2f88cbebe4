package model

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestKnownNetworks checks map sizes (table 1 of the paper, and Caffe), weights
// and multiply-accumulates of the two published networks.
func TestKnownNetworks(t *testing.T) {
	for _, c := range []struct {
		topology Topology
		sizes    string
		weights  int
		macs     int64
	}{
		{V11(), "conv1 113 pool1 56 fire3/expand3x3 56 pool3 28 pool5 14 conv10 14", 1231552, 387747520},
		{V10(), "conv1 111 pool1 55 fire4/expand3x3 55 pool4 27 pool8 13 conv10 15", 1244448, 0},
	} {
		g, err := c.topology.Graph()
		require.NoError(t, err)
		sizes, weights, macs := map[string]int{}, 0, int64(0)
		for _, s := range g.Steps {
			sizes[s.Name] = s.OutSize
			weights += s.Weights()
			macs += s.MACs()
		}
		words := strings.Fields(c.sizes)
		for i := 0; i < len(words); i += 2 {
			require.Equal(t, words[i+1], strconv.Itoa(sizes[words[i]]), "%s %s", c.topology.Name, words[i])
		}
		require.Equal(t, c.weights, weights, c.topology.Name)
		if c.macs != 0 {
			require.Equal(t, c.macs, macs, c.topology.Name)
		}
	}
}

// TestFloorAndCeil: the last map of v1.1 is 14x14 with ceil and 13x13 with
// floor for an input of 227 pixels, and the same with both for 224.
func TestFloorAndCeil(t *testing.T) {
	last := func(size int, ceil bool) int {
		topology := V11()
		topology.Size, topology.PoolCeil = size, ceil
		g, err := topology.Graph()
		require.NoError(t, err)
		return g.Head().OutSize
	}
	require.Equal(t, 14, last(227, true))
	require.Equal(t, 13, last(227, false))
	require.Equal(t, 13, last(224, true))
	require.Equal(t, 13, last(224, false))
}

// TestWithBypass: the modules of the paper's figure 2 get a bypass, and the original does not.
func TestWithBypass(t *testing.T) {
	for _, plain := range []Topology{V10(), V11()} {
		_, err := plain.WithBypass().Graph()
		require.NoError(t, err)
		for i, f := range plain.WithBypass().Fires {
			require.Equal(t, slices.Contains([]string{"fire3", "fire5", "fire7", "fire9"}, fireName(i)), f.Bypass)
			require.False(t, plain.Fires[i].Bypass)
		}
	}
}

// TestInvalidTopologies: the error names the layer.
func TestInvalidTopologies(t *testing.T) {
	for _, c := range []struct {
		change func(*Topology)
		says   string
	}{
		{func(t *Topology) { t.Fires[2].S1x1 = 0 }, "fire4/squeeze1x1: needs at least one filter"},
		{func(t *Topology) { t.Fires[0].E3x3 = -1 }, "fire2/expand3x3: needs at least one filter"},
		{func(t *Topology) { t.Fires[0].Bypass = true }, "fire2: a bypass needs as many channels in (64) as out (64+64)"},
		{func(t *Topology) { t.Size = 11 }, "pool3: its 2x2 input is smaller than its 3x3 window"},
		{func(t *Topology) { t.Size = 0 }, "input side 0"},
		{func(t *Topology) { t.Size = 1 << 30 }, "input side"},
		{func(t *Topology) { t.PoolAfter = []int{1, 1} }, "pool_after [1 1] must be ascending"},
		{func(t *Topology) { t.PoolAfter = []int{10} }, "at most 9 (the last fire module)"},
		{func(t *Topology) { t.Head.Classes = 0 }, "conv10: needs at least one filter"},
		{func(t *Topology) { t.Head.Classes = 1 << 20 }, "conv10: 1048576 filters"},
		{func(t *Topology) { t.Size, t.Conv1.Filters = 2048, 16384 }, "conv1: its output of 1023x1023x16384"},
		{func(t *Topology) { t.Conv1.Kernel = 0 }, "conv1: kernel 0"},
		{func(t *Topology) { t.Conv1.Stride = 4 }, "conv1: kernel 3 with stride 4"},
		{func(t *Topology) { t.Conv1.Pad = 9 }, "conv1: pad 9"},
		{func(t *Topology) { t.Fires = make([]Fire, 1000) }, "1000 fire modules"},
	} {
		topology := V11()
		c.change(&topology)
		_, err := topology.Graph()
		require.ErrorContains(t, err, c.says)
	}
}

// TestGraphFor: input rule and labels must fit the topology.
func TestGraphFor(t *testing.T) {
	topology, in := V11(), TorchvisionInput()
	topology.Size = in.Size
	plain, err := topology.Graph()
	require.NoError(t, err)
	for _, count := range []int{0, 1000} {
		g, err := topology.GraphFor(in, make([]string, count))
		require.NoError(t, err)
		require.Equal(t, plain, g)
	}

	_, err = topology.GraphFor(in, make([]string, 999))
	require.EqualError(t, err, "999 labels for 1000 classes")
	in.Size = 200
	_, err = topology.GraphFor(in, nil)
	require.EqualError(t, err, "input side 200, but the topology's is 224")
	in.Std[1] = 0
	_, err = topology.GraphFor(in, nil)
	require.ErrorContains(t, err, "channel 1")
	topology.Size = 0
	_, err = topology.GraphFor(in, nil)
	require.ErrorContains(t, err, "topology: input side 0")
}

// TestWarnings: a squeeze layer that does not reduce the channels is valid, with
// a warning.
func TestWarnings(t *testing.T) {
	topology := V11()
	require.Empty(t, topology.Warnings())
	topology.Fires[3].S1x1 = 256
	_, err := topology.Graph()
	require.NoError(t, err)
	require.Len(t, topology.Warnings(), 1)
	require.Contains(t, topology.Warnings()[0], "fire5: s1x1 = 256")
}
