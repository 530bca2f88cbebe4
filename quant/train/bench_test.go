package train

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
	"halfmeg/model"
	"halfmeg/quant/float"
)

// BenchmarkStep trains v1.1 with two classes. It reports the time of a picture, forward,
// backward and its share of the update, as a multiple of a forward pass of the same
// network, and its multiply-accumulates, to compare with BenchmarkTile of package float,
// whose tiles find everything in the L1 cache.
func BenchmarkStep(b *testing.B) {
	topology := model.V11()
	topology.Head = model.Head{Classes: 2, Linear: true}
	net, err := Initialize(topology, testnet.Input(topology), nil, He, 1)
	require.NoError(b, err)
	const batch, conv1, fire4 = 32, 0, 7
	for _, c := range []struct {
		name    string
		first   int // the first layer that changes
		workers int
	}{
		{"all layers", conv1, 1},
		{"all layers, 2 workers", conv1, 2},
		{"all but conv1", conv1 + 1, 1},
		{"from fire4", fire4, 1},
	} {
		b.Run(c.name, func(b *testing.B) {
			rates := make([]float64, len(net.Layers))
			for l := c.first; l < len(rates); l++ {
				rates[l] = 1
			}
			t, err := New(net, gray{batch, topology.Size}, Config{Workers: c.workers, Epochs: 1 << 30, Batch: batch, Rate: 1e-6, LayerRates: rates})
			require.NoError(b, err)
			order := t.random(streamOrder, 0).Perm(batch)
			for b.Loop() {
				require.NoError(b, t.batch(b.Context(), order, 0))
			}
			step := b.Elapsed() / time.Duration(b.N*batch)
			b.ReportMetric(float64(time.Second)/float64(step), "pictures/s")
			if c.workers == 1 {
				b.ReportMetric(float64(step)/float64(forwardTime(b, t.state.net())), "forwards")
			}
			b.ReportMetric(float64(macs(t.graph, c.first))/float64(step), "GMAC/s")
		})
	}
}

// macs returns the multiply-accumulates of a picture if the layers from first on change.
func macs(g *model.Graph, first int) int {
	total := 0
	for _, s := range g.Convolutions {
		products := 1 // forward
		if s.Layer >= first {
			products++ // the derivative with respect to the weights
		}
		if s.Layer > first {
			products++ // with respect to the input
		}
		total += products * int(s.MACs())
	}
	return total
}

// forwardTime returns the time of a forward pass.
func forwardTime(b *testing.B, n *float.Network) time.Duration {
	f, err := float.NewForward(n)
	require.NoError(b, err)
	pass, picture := f.NewPass(), make([]int8, 3*n.Input.Size*n.Input.Size)
	const passes = 50
	start := time.Now()
	for range passes {
		_, err := pass.Run(picture)
		require.NoError(b, err)
	}
	return time.Since(start) / passes
}

// gray is a Source of uniform pictures, which cost nothing to draw.
type gray struct{ count, size int }

func (s gray) Len() int { return s.count }

func (s gray) Draw(_, i int, _ *rand.Rand, dst []int8, target []float32) error {
	for k := range dst {
		dst[k] = int8(i)
	}
	target[i%len(target)] = 1
	return nil
}
