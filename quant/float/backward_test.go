package float

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
)

// TestBackwardMatchesDifferences compares the gradient by every layer's bias
// (the sum of the derivative over a layer's map) with central differences.
func TestBackwardMatchesDifferences(t *testing.T) {
	topology := model.Topology{
		Size:      27,
		Conv1:     model.Stem{Filters: 10, Kernel: 3, Stride: 2, Pad: 1},
		Fires:     []model.Fire{{S1x1: 3, E1x1: 5, E3x3: 5, Bypass: true}, {S1x1: 4, E1x1: 6, E3x3: 17}},
		PoolAfter: []int{1, 2},
		PoolCeil:  true,
		Head:      model.Head{Classes: 9, Pad: 1},
	}
	r := rand.New(rand.NewPCG(5, 6))
	n := random(t, r, topology)
	picture := make([]int8, 27*27*3)
	for i := range picture {
		picture[i] = int8(r.IntN(256) - 128)
	}
	weights := randomFloats(r, 9)
	objective := func() float64 {
		f, err := NewForward(n)
		require.NoError(t, err)
		logits, err := f.NewPass().Run(picture)
		require.NoError(t, err)
		sum := 0.0
		for c, l := range logits {
			sum += float64(l) * float64(weights[c])
		}
		return sum
	}
	f, err := NewForward(n)
	require.NoError(t, err)
	p := f.NewPass()
	_, err = p.Run(picture)
	require.NoError(t, err)
	visited := 0
	p.Backward(weights, func(step int, d Map) {
		visited++
		s := f.steps[step]
		for o := range s.Out {
			sum := 0.0
			for i := range d.Size * d.Size {
				sum += float64(d.Data[i*d.Stride+o])
			}
			const h = 1e-3
			bias := &n.Layers[s.Layer].Bias[o]
			old := *bias
			*bias = old + h
			up := objective()
			*bias = old - h
			down := objective()
			*bias = old
			require.InDelta(t, (up-down)/(2*h), sum, 0.02*(1+max(sum, -sum)), "%s channel %d", s.Name, o)
		}
	})
	require.Equal(t, len(n.Layers), visited)
}
