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

// BenchmarkStep trains v1.1 with two classes on one worker. It reports the time of a
// picture, forward, backward and its share of the update, as a multiple of a
// forward pass of the same network.
func BenchmarkStep(b *testing.B) {
	topology := model.V11()
	topology.Head = model.Head{Classes: 2, Linear: true}
	net, err := Initialize(topology, testnet.Input(topology), nil, He, 1)
	require.NoError(b, err)
	const batch = 32
	frozen := make([]float64, len(net.Layers))
	for l := 7; l < len(frozen); l++ { // from fire4 on
		frozen[l] = 1
	}
	for name, rates := range map[string][]float64{"all layers": nil, "from fire4": frozen} {
		b.Run(name, func(b *testing.B) {
			t, err := New(net, gray{batch, topology.Size}, Config{Workers: 1, Epochs: 1 << 30, Batch: batch, Rate: 1e-6, LayerRates: rates})
			require.NoError(b, err)
			order := t.random(streamOrder, 0).Perm(batch)
			for b.Loop() {
				require.NoError(b, t.batch(b.Context(), order, 0))
			}
			step := b.Elapsed() / time.Duration(b.N*batch)
			b.ReportMetric(float64(time.Second)/float64(step), "pictures/s")
			b.ReportMetric(float64(step)/float64(forwardTime(b, t.state.net())), "forwards")
		})
	}
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
