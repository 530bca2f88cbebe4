package sqz_test

import (
	"bytes"
	"compress/flate"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testdata"
	"halfmeg/model"
	"halfmeg/model/sqz"
)

// wide returns a topology with nearly all weights in one layer, 256 x 1024.
func wide() model.Topology {
	return model.Topology{
		Name: "wide", Size: 3, Conv1: model.Stem{Filters: 256, Kernel: 3, Stride: 1},
		Head: model.Head{Classes: 1024},
	}
}

// entropy returns the zeroth-order entropy of weights, in bits.
func entropy(weights []int8) float64 {
	var count [256]float64
	for _, w := range weights {
		count[uint8(w)]++
	}
	sum, n := 0.0, float64(len(weights))
	for _, c := range count {
		if c > 0 {
			sum -= c * math.Log2(c/n)
		}
	}
	return sum
}

// weightBits returns the size of the last layer's weights, in bits.
func weightBits(t *testing.T, n *model.Network) float64 {
	t.Helper()
	file, err := sqz.Encode(n)
	require.NoError(t, err)
	_, sizes, err := sqz.DecodeSizes(file)
	require.NoError(t, err)
	return 8 * float64(sizes.Layers[len(sizes.Layers)-1].Weights)
}

// TestSizeOfIndependentWeights: the entropy is a lower bound for independent
// weights. The coder comes within 2 % and a constant for learning the
// distribution.
func TestSizeOfIndependentWeights(t *testing.T) {
	for _, mean := range []float64{0.1, 0.3, 1, 2, 5, 20} {
		n := network(wide(), uint64(100*mean), laplacian(mean))
		weights := n.Layers[1].Weights
		h, size := entropy(weights), weightBits(t, n)
		each := float64(len(weights))
		t.Logf("mean magnitude %4.1f: entropy %.3f, coded %.3f bits a weight (%+.2f %%)", mean, h/each, size/each, 100*(size/h-1))
		require.Greater(t, size, h-4096)
		require.Less(t, size, 1.02*h+4096)
	}
}

// TestSizeOfDependentWeights: filters that are smooth, or similar to previous
// ones, take less than their zeroth-order entropy.
func TestSizeOfDependentWeights(t *testing.T) {
	const in = 64
	topology := tiny()
	topology.Fires = []model.Fire{{S1x1: in, E1x1: 1, E3x3: 256}}
	topology.Head.Classes = 512
	n := network(topology, 1, laplacian(8))
	smooth, similar := n.Layers[3].Weights, n.Layers[4].Weights
	for i := range smooth {
		position := i / in % 9
		w := float64(smooth[i])
		if position%3 > 0 {
			w += 0.75 * float64(smooth[i-in])
		}
		if position/3 > 0 {
			w += 0.75 * float64(smooth[i-3*in])
		}
		smooth[i] = int8(max(-127, min(127, w)))
	}
	for i := 257; i < len(similar); i++ {
		similar[i] = int8(max(-127, min(127, float64(similar[i])+0.75*float64(similar[i-257]))))
	}
	file, err := sqz.Encode(n)
	require.NoError(t, err)
	_, sizes, err := sqz.DecodeSizes(file)
	require.NoError(t, err)
	require.Less(t, 8*float64(sizes.Layers[3].Weights), 0.92*entropy(smooth))
	require.Less(t, 8*float64(sizes.Layers[4].Weights), 0.98*entropy(similar))
}

// TestSizeOfRoundParameters: trailing zero bits of biases and multipliers are
// free.
func TestSizeOfRoundParameters(t *testing.T) {
	n := network(model.V11(), 1, laplacian(0.01))
	size := func() (bytes int) {
		file := requireRoundTrip(t, n)
		_, sizes, err := sqz.DecodeSizes(file)
		require.NoError(t, err)
		for _, l := range sizes.Layers {
			bytes += l.Parameters
		}
		return bytes
	}
	full, channels := size(), 0
	for _, l := range n.Layers {
		channels += len(l.Bias)
		for c := range l.Bias {
			l.Bias[c] &^= 1<<8 - 1
			l.Multiplier[c] = math.Float32frombits(math.Float32bits(l.Multiplier[c]) &^ (1<<16 - 1))
		}
	}
	round := size()
	t.Logf("%d channels: %d bytes, %d when round", channels, full, round)
	require.Less(t, full, 6*channels)
	require.Less(t, round, full-channels*5/2)
}

func TestSizeOfImageNetLabels(t *testing.T) {
	text, err := os.ReadFile(testdata.Path(t, "images/synset_words.txt"))
	require.NoError(t, err)
	n := network(wide(), 1, uniform)
	n.Topology.Head.Classes = 1000
	last := &n.Layers[1]
	last.Weights, last.Bias, last.Multiplier = last.Weights[:256*1000], last.Bias[:1000], last.Multiplier[:1000]
	for line := range strings.Lines(string(text)) {
		_, label, _ := strings.Cut(strings.TrimSpace(line), " ")
		n.Labels = append(n.Labels, label)
	}
	_, sizes, err := sqz.DecodeSizes(requireRoundTrip(t, n))
	require.NoError(t, err)

	var deflated bytes.Buffer
	w, err := flate.NewWriter(&deflated, flate.BestCompression)
	require.NoError(t, err)
	_, err = w.Write([]byte(strings.Join(n.Labels, "\n")))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	t.Logf("labels: %d bytes, by DEFLATE %d", sizes.Labels, deflated.Len())
	require.Less(t, sizes.Labels, deflated.Len())
}
