package quant

import (
	"context"
	"fmt"
	"runtime"
	"slices"

	"halfmeg/model"
	"halfmeg/quant/float"
)

// Options steer Quantize; the zero value is ready to use.
type Options struct {
	Workers  int     // goroutines; 0 is one a processor
	Rounder  Rounder // how weights are rounded; nil is Compensated
	Progress func(done, total int)

	// Divergence is how much the rounding of weights may cost in all, as the
	// Kullback-Leibler divergence from the float network's answer in nats: a
	// prediction, good to a factor of two or so. It is shared out such that a
	// byte saved costs the same in every layer and channel. 0 rounds as finely
	// as int8 can.
	Divergence float64
}

// Result is a quantized network and what was measured on the way.
type Result struct {
	Network *model.Network
	Layers  []LayerReport
}

// LayerReport tells what quantization did to one convolution.
type LayerReport struct {
	Name          string
	Range         float32 // the largest activation that has a code: 255 * scale
	Largest       float32 // the largest activation seen
	WeightSNR     float64 // signal to rounding noise of the weights, in dB
	ActivationSNR float64 // the same of the layer's output (after a pool that follows)
}

// Quantize makes the int8 network. Pictures are as a model.Preprocessor
// writes them: Size x Size x 3 bytes minus 128.
func Quantize(ctx context.Context, n *float.Network, pictures [][]int8, o Options) (*Result, error) {
	if err := n.Validate(); err != nil {
		return nil, err
	}
	if len(pictures) == 0 {
		return nil, fmt.Errorf("calibration needs at least one picture")
	}
	for i, p := range pictures {
		if want := n.Input.Size * n.Input.Size * 3; len(p) != want {
			return nil, fmt.Errorf("picture %d has %d bytes, the network takes %d", i, len(p), want)
		}
	}
	if o.Workers < 1 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Rounder == nil {
		o.Rounder = Compensated{}
	}
	groups, err := split(n.Topology)
	if err != nil {
		return nil, err
	}
	q := &quantizer{layers: slices.Clone(n.Layers), options: o, frontier: newFrontier(n, pictures, o.Workers)}
	q.layers[0] = foldInput(n.Layers[0], n.Input)
	q.result.Network = &model.Network{Topology: n.Topology, Input: n.Input, Labels: n.Labels, Source: n.Source}
	if o.Divergence > 0 {
		if q.sensitivity, err = sensitivities(ctx, n, pictures, o.Workers); err != nil {
			return nil, err
		}
	}
	for i, g := range groups {
		var readers []model.Step
		if i+1 < len(groups) {
			readers = groups[i+1].convs
		}
		if err := q.group(ctx, g, readers); err != nil {
			return nil, err
		}
		if o.Progress != nil {
			o.Progress(i+1, len(groups))
		}
	}
	return &q.result, q.result.Network.Validate()
}

// group is what is quantized at once: the convolutions that write one tensor
// (the two expands of a fire module, else one), the bypass and the pool that
// follow.
type group struct {
	convs      []model.Step
	pool       *model.Step
	keepsInput bool // a bypass will add the group's input later
	bypass     bool // it is added here

	// fixedChannels: the output is one side of a bypass, whose channels must
	// stay comparable with the other side's.
	fixedChannels bool
}

// channels is how many channels the group's output has.
func (g group) channels() int {
	n := 0
	for _, s := range g.convs {
		n += s.Out
	}
	return n
}

func split(t model.Topology) ([]group, error) {
	steps, err := t.Steps()
	if err != nil {
		return nil, err
	}
	var groups []group
	for i, s := range steps {
		switch s.Kind {
		case model.Pool:
			groups[len(groups)-1].pool = &steps[i]
		case model.Expand3x3:
			last := &groups[len(groups)-1]
			last.convs = append(last.convs, s)
			last.bypass = t.Fires[s.Fire].Bypass
			last.fixedChannels = last.bypass
		default:
			groups = append(groups, group{convs: []model.Step{s}})
		}
		if s.Kind == model.Squeeze {
			groups[len(groups)-1].keepsInput = t.Fires[s.Fire].Bypass
			if t.Fires[s.Fire].Bypass {
				groups[len(groups)-2].fixedChannels = true
			}
		}
	}
	return groups, nil
}

// quantizer carries the pictures' activations through the network. Its
// layers are the float network's, conv1 rewritten for bytes, the others
// equalized as far as the frontier stands.
type quantizer struct {
	layers      []float.Layer
	options     Options
	sensitivity [][]float64 // by layer and output channel; nil for the finest rounding
	frontier    *frontier
	result      Result
}

// group quantizes the convolutions at the frontier and moves it behind them.
// readers are the convolutions that read what they write; none after the head.
func (q *quantizer) group(ctx context.Context, g group, readers []model.Step) error {
	params := make([]float.Layer, len(g.convs))
	for i, s := range g.convs {
		params[i] = q.layers[s.Layer]
	}
	stats, err := q.frontier.measure(ctx, g, params)
	if err != nil {
		return err
	}
	e := equalization{scale: 1, largest: stats.largest()}
	if len(readers) > 0 {
		e = q.equalize(g, readers, stats.values)
	}
	var layers []model.Layer
	first := 0
	for i, s := range g.convs {
		if e.factors != nil {
			params[i] = e.scaleOutputs(params[i], first)
		}
		r := newRounding(s, params[i], stats.inputs[i], q.frontier.scale, e.scale, q.noise(s, e, first), q.options.Rounder)
		first += s.Out
		layers = append(layers, r.layer(stats.inputs[i]))
		q.result.Layers = append(q.result.Layers, LayerReport{
			Name:      s.Name,
			Range:     float32(codeLevels * e.scale),
			Largest:   float32(e.largest),
			WeightSNR: r.snr(),
		})
	}
	q.result.Network.Layers = append(q.result.Network.Layers, layers...)
	snr, err := q.frontier.advance(ctx, g, layers, e)
	for i := range g.convs {
		q.result.Layers[len(q.result.Layers)-1-i].ActivationSNR = snr
	}
	return err
}

// noise is the variance that the rounding of one weight may add to each output
// channel of a layer, whose first is channel first of the tensor: the
// divergence shared out equally among all weights of the network. That is
// where a byte is best saved: at high rates one bit less of a weight
// quadruples its noise, wherever the weight stands.
func (q *quantizer) noise(s model.Step, e equalization, first int) []float64 {
	if q.sensitivity == nil {
		return nil
	}
	weights := 0
	for _, l := range q.layers {
		weights += len(l.Weights)
	}
	noise := make([]float64, s.Out)
	for o, f := range q.sensitivity[s.Layer] {
		noise[o] = 2 * q.options.Divergence / float64(weights) / max(f, minSensitivity)
		if e.factors != nil {
			noise[o] *= e.factors[first+o] * e.factors[first+o]
		}
	}
	return noise
}

// minSensitivity bounds the noise of channels that never matter.
const minSensitivity = 1e-30

// equalize chooses the group's output scale and channel factors, and takes
// the factors out of the layers that read it.
func (q *quantizer) equalize(g group, readers []model.Step, values *histogram) equalization {
	var reading []float.Layer
	for _, s := range readers {
		reading = append(reading, q.layers[s.Layer])
	}
	e := equalize(values, importance(values.channels, reading), !g.fixedChannels)
	for i, s := range readers {
		q.layers[s.Layer] = e.unscaleInputs(reading[i])
	}
	return e
}
