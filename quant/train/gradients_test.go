package train

import (
	"context"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
	"halfmeg/model"
)

// gradientCase is a network and a loss whose gradient is compared with
// differences.
type gradientCase struct {
	topology  model.Topology
	dropout   float64
	smoothing float64
	weights   []float32
	trained   []bool
}

func gradientCases() map[string]gradientCase {
	with := func(change func(*model.Topology)) model.Topology {
		t := testnet.Small()
		change(&t)
		return t
	}
	classes := testnet.Small().Head.Classes
	weights := make([]float32, classes)
	for c := range weights {
		weights[c] = 0.5 + float32(c)/8
	}
	upper := make([]bool, 11)
	for l := 5; l < len(upper); l++ {
		upper[l] = l != 7
	}
	return map[string]gradientCase{
		"padded conv1 and head, bypass, pools that round up": {topology: testnet.Small()},
		"pools that round down":                              {topology: with(func(t *model.Topology) { t.PoolCeil = false; t.Size = 33 })},
		"conv1 and head without padding":                     {topology: with(func(t *model.Topology) { t.Conv1.Pad = 0; t.Head.Pad = 0 })},
		"linear head":                                        {topology: testnet.Heads()[1]},
		"large conv1":                                        {topology: with(func(t *model.Topology) { t.Conv1 = model.Stem{Filters: 9, Kernel: 7, Stride: 2, Pad: 3} })},
		"bypass before the head": {topology: with(func(t *model.Topology) {
			t.Fires = append(t.Fires[:2:2], model.Fire{S1x1: 4, E1x1: 6, E3x3: 7, Bypass: true})
			t.PoolAfter = []int{1}
		}), dropout: 0.5},
		"pool before the head": {topology: with(func(t *model.Topology) { t.PoolAfter = []int{1, 4} }), dropout: 0.3},
		"dropout":              {topology: testnet.Small(), dropout: 0.5},
		"dropout, linear head": {topology: testnet.Heads()[1], dropout: 0.5},
		"label smoothing":      {topology: testnet.Small(), smoothing: 0.2},
		"class weights":        {topology: testnet.Small(), weights: weights},
		"all of it":            {topology: testnet.Small(), dropout: 0.25, smoothing: 0.1, weights: weights},
		"frozen layers":        {topology: testnet.Small(), trained: upper, dropout: 0.5},
	}
}

// TestGradientsMatchDifferences compares the derivatives of the loss with respect
// to all biases and some weights of each layer with central differences of an
// independent forward pass in float64.
func TestGradientsMatchDifferences(t *testing.T) {
	for name, c := range gradientCases() {
		t.Run(name, func(t *testing.T) { c.check(t) })
	}
}

func (c gradientCase) check(t *testing.T) {
	n := randomNetwork(11, c.topology)
	src := noise{1, c.topology.Size}
	p, err := newPictureExamples(n, src, 1, c.dropout)
	require.NoError(t, err)
	loss := crossEntropy{c.smoothing, c.weights}
	ref := newReference(t, n)
	sums := NewGradients(ref.graph, 1, 1, c.trained)
	require.NoError(t, sums.Run(t.Context(), 1, func(worker, i int, s *Shard) error {
		return p.add(worker, i, rand.New(rand.NewPCG(3, 3)), loss, s)
	}))
	total := sums.Total()
	w := p.workers[0]
	ref.mask = w.mask
	input := normalized(w.picture, n.Input)
	objective := func() float64 { return lossOf(ref.logits(input), w.target, c.smoothing, c.weights) }
	require.InDelta(t, objective(), total.Loss, 1e-4)

	random := rand.New(rand.NewPCG(4, 4))
	compare := func(values []float64, got []float32, k int, what string) {
		const h = 1e-6 // too short a way for many ReLUs and maxima to change
		old := values[k]
		values[k] = old + h
		up := objective()
		values[k] = old - h
		down := objective()
		values[k] = old
		want := (up - down) / (2 * h)
		require.InDelta(t, want, float64(got[k]), 1e-4*(1+math.Abs(want)), "%s %d", what, k)
	}
	nonzero := 0
	for l, s := range ref.graph.Convolutions {
		if c.trained != nil && !c.trained[l] {
			require.Nil(t, total.Layers[l])
			continue
		}
		for o := range s.Out {
			compare(ref.layers[l][1], total.Layers[l].Biases, o, s.Name+" bias")
		}
		for range 12 {
			k := random.IntN(s.Weights())
			compare(ref.layers[l][0], total.Layers[l].Weights, k, s.Name+" weight")
			if total.Layers[l].Weights[k] != 0 {
				nonzero++
			}
		}
	}
	require.Greater(t, nonzero, 20)
}

// TestInShardsKeepsOrder: the numbers of a shard follow each other, whatever the
// number of workers.
func TestInShardsKeepsOrder(t *testing.T) {
	for _, workers := range []int{1, 2, 7} {
		for _, n := range []int{0, 2, 3, 10} {
			var got [3][]int
			require.NoError(t, InShards(t.Context(), workers, 3, n, func(worker, shard, i int) {
				require.Less(t, worker, workers)
				got[shard] = append(got[shard], i)
			}))
			var want [3][]int
			for i := range n {
				want[i%3] = append(want[i%3], i)
			}
			require.Equal(t, want, got)
		}
	}
}

// TestInShardsStopsWhenCanceled: also within a shard.
func TestInShardsStopsWhenCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var calls atomic.Int32
	require.ErrorIs(t, InShards(ctx, 1, 2, 100, func(int, int, int) {
		if calls.Add(1) == 5 {
			cancel()
		}
	}), context.Canceled)
	require.EqualValues(t, 5, calls.Load())
}

// TestGradientsOfSmallBatches: shards without pictures keep nothing of the batch
// before.
func TestGradientsOfSmallBatches(t *testing.T) {
	g, err := testnet.Small().Graph()
	require.NoError(t, err)
	sums := NewGradients(g, 2, 4, nil)
	add := func(_, i int, s *Shard) error {
		s.start()
		s.Loss += float64(i + 1)
		s.Layers[0].Weights[3] += float32(i + 1)
		s.Layers[2].Biases[1] -= float32(i + 1)
		s.Correct++
		return nil
	}
	for _, n := range []int{10, 3, 1, 5} {
		require.NoError(t, sums.Run(t.Context(), n, add))
		total, want := sums.Total(), n*(n+1)/2
		require.Equal(t, float64(want), total.Loss)
		require.Equal(t, float32(want), total.Layers[0].Weights[3])
		require.Equal(t, float32(-want), total.Layers[2].Biases[1])
		require.Equal(t, n, total.Correct)
	}
	require.ErrorIs(t, sums.Run(t.Context(), 10, func(_, i int, _ *Shard) error {
		if i == 6 {
			return context.DeadlineExceeded
		}
		return nil
	}), context.DeadlineExceeded)
	require.NoError(t, sums.Run(t.Context(), 10, add), "an error does not outlast its batch")
}
