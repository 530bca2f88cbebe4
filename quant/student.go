package quant

import (
	"math/bits"

	"halfmeg/model"
	"halfmeg/model/trellis"
	"halfmeg/quant/float"
	"halfmeg/quant/train"
)

// student is a quantized network that learns. Every weight has a latent value
// behind it, a real number of steps, which learns in small portions and is
// rounded anew for each forward pass.
type student struct {
	net    *model.Network // as it was given
	codes  *float.Codes
	layers []*studentLayer
}

// studentLayer is one convolution of the student.
type studentLayer struct {
	step    model.Step
	depth   int
	follows bool      // the weights follow the trellis
	held    []bool    // weights that are to stay zero; nil is none
	latent  []float32 // weights [out][depth], in steps
	weights []int8    // the same, rounded
	scales  []float32 // real value of a step, by output
	bias    []float32 // real values
	unit    float32   // real value of a bias's step

	weightOptimiser, biasOptimiser train.Optimiser
}

// newStudent takes a quantized network to real values.
func newStudent(n *model.Network, g *model.Graph) *student {
	mean := n.Input.MeanBytes()
	s := &student{net: n, codes: &float.Codes{Scales: n.Scales(g)}}
	for _, b := range mean {
		s.codes.Pad = append(s.codes.Pad, float32(b))
	}
	for _, step := range g.Convolutions {
		l := n.Layers[step.Layer]
		p := &studentLayer{step: step, depth: step.Weights() / step.Out, unit: l.Scale}
		if step.Kind == model.Conv10 {
			p.unit = logitUnit
		}
		_, p.follows = trellis.Indices(l.Weights, p.depth)
		p.weights = append(p.weights, l.Weights...)
		for _, w := range l.Weights {
			p.latent = append(p.latent, float32(w))
		}
		for o, m := range l.Multiplier {
			unit := float64(m) * outputUnit(l, step)
			p.scales = append(p.scales, float32(unit/float64(s.codes.Scales[step.Reads])))
			p.bias = append(p.bias, float32(float64(l.Bias[o])*unit))
		}
		p.weightOptimiser, p.biasOptimiser = train.NewAdam(len(p.latent)), train.NewAdam(step.Out)
		s.layers = append(s.layers, p)
	}
	return s
}

// logitUnit is the step of the head's biases: a small part of a logit.
const logitUnit = 0.1

// outputUnit is the real value of what a layer's multipliers lead to.
func outputUnit(l model.Layer, s model.Step) float64 {
	if s.Kind == model.Conv10 {
		return float64(s.OutSize * s.OutSize)
	}
	return float64(l.Scale)
}

// forward is the student with its weights rounded, ready to run.
func (s *student) forward() (*float.Forward, error) {
	n := &float.Network{Topology: s.net.Topology, Input: s.net.Input}
	for _, p := range s.layers {
		l := float.Layer{Weights: make([]float32, len(p.weights)), Bias: p.bias}
		for i, w := range p.weights {
			l.Weights[i] = float32(w) * p.scales[i/p.depth]
		}
		n.Layers = append(n.Layers, l)
	}
	return float.NewCodedForward(n, s.codes)
}

// network is the student as a quantized network.
func (s *student) network() *model.Network {
	n := *s.net
	n.Layers = nil
	for _, p := range s.layers {
		old := s.net.Layers[p.step.Layer]
		l := model.Layer{Weights: p.weights, Multiplier: old.Multiplier, Scale: old.Scale}
		grain := commonGrain(old.Bias)
		for o, b := range p.bias {
			unit := float64(old.Multiplier[o]) * outputUnit(old, p.step)
			l.Bias = append(l.Bias, clampBias(float64(b)/unit, grain, p.weights[o*p.depth:(o+1)*p.depth]))
		}
		n.Layers = append(n.Layers, l)
	}
	return &n
}

// commonGrain is the greatest power of two that divides all numbers.
func commonGrain(v []int32) float64 {
	all := int32(0)
	for _, b := range v {
		all |= b
	}
	if all == 0 {
		return 1
	}
	return float64(int64(1) << min(bits.TrailingZeros32(uint32(all)), maxGrain))
}

// learn moves the layer against a gradient by its real weights and biases,
// which it overwrites.
func (p *studentLayer) learn(g *gradient, rate float64) {
	for i, d := range g.weights {
		g.weights[i] = d * p.scales[i/p.depth] // by the latent weight
	}
	p.weightOptimiser.Step(g.weights, g.weights, rate*weightRate)
	for i, u := range g.weights {
		if p.held == nil || !p.held[i] {
			p.latent[i] = min(max(p.latent[i]-u, -model.MaxWeight), model.MaxWeight)
		}
	}
	for o, d := range g.biases {
		g.biases[o] = d * p.unit
	}
	p.biasOptimiser.Step(g.biases, g.biases, rate*biasRate)
	for o, u := range g.biases {
		p.bias[o] -= float32(p.unit * u)
	}
	p.round()
}

// round rounds the latent weights: each input's along the trellis, if that is
// what the layer's weights follow, or else each by itself.
func (p *studentLayer) round() {
	if !p.follows {
		for i, v := range p.latent {
			p.weights[i] = nearest(float64(v))
		}
		return
	}
	nearestPaths(p.weights, p.latent, p.held, p.depth)
}
