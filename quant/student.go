package quant

import (
	"sync"

	"halfmeg/model"
	"halfmeg/model/trellis"
	"halfmeg/quant/float"
	"halfmeg/quant/train"
)

// student is a quantized network in training. Every weight has a latent value,
// a real number of steps, which moves by small amounts and is rounded for each
// forward pass.
type student struct {
	net    *model.Network // the argument of newStudent
	codes  *float.Codes
	layers []*studentLayer
}

// studentLayer is one convolution of the student.
type studentLayer struct {
	step     model.Step
	depth    int
	trellis  bool      // the weights follow the trellis
	pruned   []bool    // weights that stay zero; nil means none
	latent   []float32 // weights [out][depth], in steps
	weights  []int8    // the same, rounded
	scales   []float32 // real value of a step, by output
	bias     []float32 // real values
	biasUnit float32   // real value that biasRate is relative to

	weightOptimiser, biasOptimiser train.Optimiser
}

// newStudent converts a quantized network to real values.
func newStudent(n *model.Network, g *model.Graph) *student {
	s := &student{net: n, codes: &float.Codes{Scales: n.Scales(g)}}
	for _, b := range n.Input.MeanBytes() {
		s.codes.Pad = append(s.codes.Pad, float32(b))
	}
	for _, step := range g.Convolutions {
		l := n.Layers[step.Layer]
		p := &studentLayer{step: step, depth: step.Weights() / step.Out, biasUnit: l.Scale}
		if step.Kind == model.Conv10 {
			p.biasUnit = logitUnit
		}
		_, p.trellis = trellis.Indices(l.Weights, p.depth)
		p.weights = append(p.weights, l.Weights...)
		for _, w := range l.Weights {
			p.latent = append(p.latent, float32(w))
		}
		for o, m := range l.Multiplier {
			unit := float64(m) * outputUnit(l, step)
			p.scales = append(p.scales, float32(unit/float64(s.codes.Scales[step.Input])))
			p.bias = append(p.bias, float32(float64(l.Bias[o])*unit))
		}
		p.weightOptimiser, p.biasOptimiser = train.NewAdam(len(p.latent)), train.NewAdam(step.Out)
		s.layers = append(s.layers, p)
	}
	return s
}

// logitUnit stands in for an output code in the head, which has none. Not
// tuned.
const logitUnit = 0.1

// outputUnit returns the real value of 1 after a layer's multipliers.
func outputUnit(l model.Layer, s model.Step) float64 {
	if s.Kind == model.Conv10 {
		return float64(s.OutSize * s.OutSize)
	}
	return float64(l.Scale)
}

// forward returns the student with its rounded weights.
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

// network returns the student as a quantized network.
func (s *student) network() *model.Network {
	n := *s.net
	n.Layers = nil
	for _, p := range s.layers {
		old := s.net.Layers[p.step.Layer]
		l := model.Layer{Weights: p.weights, Multiplier: old.Multiplier, Scale: old.Scale}
		step := commonBiasStep(old.Bias)
		for o, b := range p.bias {
			unit := float64(old.Multiplier[o]) * outputUnit(old, p.step)
			l.Bias = append(l.Bias, clampBias(float64(b)/unit, step, p.weights[o*p.depth:(o+1)*p.depth]))
		}
		n.Layers = append(n.Layers, l)
	}
	return &n
}

// learn moves all layers against their gradients, which it overwrites.
func (s *student) learn(gradients []*train.Gradient, rate float64) {
	var running sync.WaitGroup
	for i, p := range s.layers {
		running.Go(func() { p.learn(gradients[i], rate) })
	}
	running.Wait()
}

// learn moves the layer against a gradient, which it overwrites.
func (p *studentLayer) learn(g *train.Gradient, rate float64) {
	for i, d := range g.Weights {
		g.Weights[i] = d * p.scales[i/p.depth] // by the latent weight
	}
	p.weightOptimiser.Step(g.Weights, g.Weights, rate*weightRate)
	for i, u := range g.Weights {
		if p.pruned == nil || !p.pruned[i] {
			p.latent[i] = min(max(p.latent[i]-u, -model.MaxWeight), model.MaxWeight)
		}
	}
	for o, d := range g.Biases {
		g.Biases[o] = d * p.biasUnit
	}
	p.biasOptimiser.Step(g.Biases, g.Biases, rate*biasRate)
	for o, u := range g.Biases {
		p.bias[o] -= float32(p.biasUnit * u)
	}
	p.round()
}

// round rounds the latent weights: along the trellis, if the layer's weights
// follow it, or else to the nearest.
func (p *studentLayer) round() {
	if p.trellis {
		roundToTrellis(p.weights, p.latent, p.pruned, p.depth)
		return
	}
	for i, v := range p.latent {
		p.weights[i] = nearest(float64(v))
	}
}
