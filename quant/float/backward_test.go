package float

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
	"halfmeg/model"
)

// TestBackwardMatchesDifferences compares the gradient with respect to every
// layer's bias, the sum of the derivative over the layer's map, with central
// differences.
func TestBackwardMatchesDifferences(t *testing.T) {
	for _, topology := range testnet.Heads() {
		checkBackward(t, topology)
	}
}

func checkBackward(t *testing.T, topology model.Topology) {
	r := rand.New(rand.NewPCG(5, 6))
	n := random(r, topology)
	picture := testnet.Picture(r, topology.Size)
	weights := randomFloats(r, topology.Head.Classes)
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
	p.Backward(weights, func(layer int, d Map) {
		visited++
		s := f.graph.Convolutions[layer]
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

// TestWeightGradientMatchesDefinition compares every layer's weight gradient with
// the plain sum over the pixels in order, bit for bit.
func TestWeightGradientMatchesDefinition(t *testing.T) {
	wide := testnet.Small()
	wide.Fires[0].S1x1 = 2 * tileColumns // whole panels
	for _, topology := range []model.Topology{testnet.Small(), wide} {
		checkWeightGradient(t, topology)
	}
}

func checkWeightGradient(t *testing.T, topology model.Topology) {
	r := rand.New(rand.NewPCG(7, 8))
	f, err := NewForward(random(r, topology))
	require.NoError(t, err)
	p := f.NewPass()
	picture := testnet.Picture(r, topology.Size)
	_, err = p.Run(picture)
	require.NoError(t, err)
	p.Backward(randomFloats(r, topology.Head.Classes), func(layer int, d Map) {
		s := f.graph.Convolutions[layer]
		in := p.maps[s.Input]
		got := randomFloats(r, s.Weights())
		want := append([]float32(nil), got...)
		patch := make([]float32, s.Kernel*s.Kernel*s.In)
		for y := range s.OutSize {
			for x := range s.OutSize {
				for ky := range s.Kernel {
					gatherRow(patch[ky*s.Kernel*s.In:], in, y*s.Stride-s.Pad+ky, x*s.Stride-s.Pad, s.Kernel, nil)
				}
				for o, g := range d.pixel(y, x) {
					for k, v := range patch {
						want[o*len(patch)+k] = fma(g, v, want[o*len(patch)+k])
					}
				}
			}
		}
		p.WeightGradient(layer, d, got)
		require.Equal(t, want, got, s.Name)
	})
}

// TestMaxPoolGradientGoesToFirstMaximum: in windows of equal values, which
// overlap and reach beyond the map.
func TestMaxPoolGradientGoesToFirstMaximum(t *testing.T) {
	const channels = 11
	in, out, d := NewMap(6, channels), NewMap(3, channels), NewMap(3, channels)
	fill(d.Data, []float32{1})
	in.pixel(2, 2)[9] = 5 // in four windows
	MaxPool(out, in)
	got := NewMap(6, channels)
	maxPoolGradient(got, d, in, out)
	for y := range 6 {
		for x := range 6 {
			for c, v := range got.pixel(y, x) {
				want := float32(0)
				switch {
				case c == 9 && y == 2 && x == 2:
					want = 4
				case c == 9 && max(y, x) < 4:
				case y%2 == 0 && x%2 == 0:
					want = 1
				}
				require.Equal(t, want, v, "%d,%d,%d", y, x, c)
			}
		}
	}
}

// BenchmarkTraining times the parts of a training step of v1.1 apart from the
// forward passes: both gradients of one picture, and packing new weights.
func BenchmarkTraining(b *testing.B) {
	r := rand.New(rand.NewPCG(3, 3))
	n := random(r, model.V11())
	f, err := NewForward(n)
	require.NoError(b, err)
	p := f.NewPass()
	_, err = p.Run(make([]int8, 227*227*3))
	require.NoError(b, err)
	slope := randomFloats(r, 1000)
	b.Run("backward", func(b *testing.B) {
		for b.Loop() {
			p.Backward(slope, func(int, Map) {})
		}
	})
	b.Run("weights", func(b *testing.B) {
		sum := make([]float32, 1<<20)
		for b.Loop() {
			for i, s := range f.graph.Convolutions {
				p.WeightGradient(i, p.output(s), sum[:s.Weights()]) // any map of the shape will do
			}
		}
	})
	b.Run("pack", func(b *testing.B) {
		for b.Loop() {
			f, err := NewForward(n)
			require.NoError(b, err)
			for _, c := range f.convs {
				c.inputGradient(Map{}, Map{}, true, &p.scratch)
			}
		}
	})
}

// TestCodedGates: in a network of codes with a bypass, no gradient passes
// where a convolution's own code is 0, whatever the bypass adds.
func TestCodedGates(t *testing.T) {
	topology := model.Topology{
		Size:  27,
		Conv1: model.Stem{Filters: 10, Kernel: 3, Stride: 2},
		Fires: []model.Fire{{S1x1: 3, E1x1: 5, E3x3: 5, Bypass: true}},
		Head:  model.Head{Classes: 9},
	}
	r := rand.New(rand.NewPCG(7, 7))
	n := random(r, topology)
	picture := testnet.Picture(r, topology.Size)
	for i := range n.Layers[0].Weights {
		n.Layers[0].Weights[i] /= 100 // it reads bytes
	}
	scales := []float32{1, 0.01, 0.02, 0.013, 1} // the picture, conv1, squeeze1x1, both expands, conv3
	f, err := NewCodedForward(n, &Codes{Pad: []float32{0, 0, 0}, Scales: scales})
	require.NoError(t, err)
	p := f.NewPass()
	_, err = p.Run(picture)
	require.NoError(t, err)
	open, closed := 0, 0
	p.Backward(randomFloats(r, 9), func(layer int, d Map) {
		s := f.graph.Convolutions[layer]
		if s.Kind != model.Expand1x1 && s.Kind != model.Expand3x3 {
			return
		}
		own := NewMap(d.Size, d.Channels)
		f.convs[layer].Apply(own, p.maps[2], nil, &Scratch{})
		for i := range own.Data {
			if code := float32(own.Data[i]/scales[3]) + roundBias - roundBias; code > 0 {
				open++
				continue
			}
			closed++
			require.Zero(t, d.Data[i/d.Channels*d.Stride+i%d.Channels])
		}
	})
	require.Greater(t, open, 100)
	require.Greater(t, closed, 100)
}

// TestBackwardToStops: the layers that it visits have the same gradients, bit for
// bit, as in a pass through all layers; the others are not visited.
func TestBackwardToStops(t *testing.T) {
	topology := testnet.Small()
	r := rand.New(rand.NewPCG(9, 9))
	f, err := NewForward(random(r, topology))
	require.NoError(t, err)
	picture := testnet.Picture(r, topology.Size)
	slope := randomFloats(r, topology.Head.Classes)
	p := f.NewPass() // also reuses the memory of earlier gradients
	run := func(first int) map[int][]float32 {
		_, err = p.Run(picture)
		require.NoError(t, err)
		gradients := map[int][]float32{}
		p.BackwardTo(first, slope, func(layer int, d Map) {
			sum := make([]float32, f.graph.Convolutions[layer].Weights())
			p.WeightGradient(layer, d, sum)
			gradients[layer] = append(sum, d.Sums()...)
		})
		return gradients
	}
	last := len(f.convs) - 1
	upper := run(last)
	all := run(0)
	require.Len(t, all, len(f.convs))
	require.Equal(t, all[last], upper[last])
	for first := range f.convs {
		got := run(first)
		require.Len(t, got, len(f.convs)-first)
		for layer, gradient := range got {
			require.Equal(t, all[layer], gradient, "layer %d, from %d", layer, first)
		}
	}
}
