// Package testnet makes small topologies and pseudorandom networks for tests.
// Equal generators make equal networks.
package testnet

import (
	"math"
	"math/rand/v2"

	"halfmeg/model"
)

// Small returns a topology of a few thousand weights with every kind of step: padded
// conv1 and head, a bypass, pools that round up, odd numbers of channels.
func Small() model.Topology {
	return model.Topology{
		Name:      "small",
		Size:      31,
		Conv1:     model.Stem{Filters: 10, Kernel: 3, Stride: 2, Pad: 1},
		Fires:     []model.Fire{{S1x1: 4, E1x1: 6, E3x3: 7}, {S1x1: 5, E1x1: 6, E3x3: 7, Bypass: true}, {S1x1: 6, E1x1: 9, E3x3: 8}},
		PoolAfter: []int{1, 3},
		PoolCeil:  true,
		Head:      model.Head{Classes: 12, Pad: 1},
	}
}

// Heads is Small with and without a ReLU after the last convolution.
func Heads() []model.Topology {
	linear := Small()
	linear.Head.Linear = true
	return []model.Topology{Small(), linear}
}

// Input returns how pictures are preprocessed for a network of topology t.
func Input(t model.Topology) model.Input {
	in := model.TorchvisionInput()
	in.Size, in.Resize = t.Size, t.Size+29
	return in
}

// Network returns a valid network whose weights the callback draw returns. With uniform
// weights, activations spread over all codes.
func Network(r *rand.Rand, t model.Topology, draw func(*rand.Rand) int8) *model.Network {
	n := &model.Network{Topology: t, Input: Input(t)}
	g := graph(t)
	for _, s := range g.Convolutions {
		l := model.Layer{Scale: float32(math.Exp(r.NormFloat64()))}
		for range s.Weights() {
			l.Weights = append(l.Weights, draw(r))
		}
		for range s.Out {
			l.Bias = append(l.Bias, int32(r.NormFloat64()*5000))
			l.Multiplier = append(l.Multiplier, float32(0.001*math.Exp(0.5*r.NormFloat64())))
		}
		n.Layers = append(n.Layers, l)
		// The convolutions that write one tensor have the scale of the first.
		n.Layers[s.Layer].Scale = n.Layers[g.Tensors[s.Output].Writers[0].Layer].Scale
	}
	n.Layers[g.Head().Layer].Scale = 1
	return n
}

// Uniform draws a weight from a uniform distribution.
func Uniform(r *rand.Rand) int8 { return int8(r.IntN(2*model.MaxWeight+1) - model.MaxWeight) }

// Laplacian draws weights from a rounded Laplacian distribution with a mean magnitude.
func Laplacian(mean float64) func(*rand.Rand) int8 {
	return func(r *rand.Rand) int8 {
		w := math.Round(r.ExpFloat64() * mean)
		if r.IntN(2) == 0 {
			w = -w
		}
		return int8(max(-model.MaxWeight, min(model.MaxWeight, w)))
	}
}

// Parameters are the parameters of a convolution of a float32 network.
type Parameters struct {
	Weights []float32 // [out][kernel y][kernel x][in]
	Bias    []float32 // [out]
}

// Floats returns normally distributed parameters for every convolution of a
// topology. deviation is the standard deviation of the weights, given how many
// an output channel has.
func Floats(r *rand.Rand, t model.Topology, deviation func(depth float64) float64) []Parameters {
	var layers []Parameters
	for _, s := range graph(t).Convolutions {
		p := Parameters{Weights: make([]float32, s.Weights()), Bias: make([]float32, s.Out)}
		d := deviation(float64(s.Weights() / s.Out))
		for i := range p.Weights {
			p.Weights[i] = float32(r.NormFloat64() * d)
		}
		for i := range p.Bias {
			p.Bias[i] = float32(r.NormFloat64() / 4)
		}
		layers = append(layers, p)
	}
	return layers
}

// Picture returns uniform noise as an Engine reads it: size x size pixels of
// three bytes, each minus 128.
func Picture(r *rand.Rand, size int) []int8 {
	p := make([]int8, size*size*3)
	for i := range p {
		p[i] = int8(r.IntN(256) - 128)
	}
	return p
}

func graph(t model.Topology) *model.Graph {
	g, err := t.Graph()
	if err != nil {
		panic(err)
	}
	return g
}
