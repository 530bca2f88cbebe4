package quant

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"

	"halfmeg/model"
	"halfmeg/quant/float"
)

// Options configure Quantize; the zero value is ready to use.
type Options struct {
	Workers  int // goroutines; 0 means one per processor
	Progress func(done, total int)

	// Divergence is what the rounding of all weights may cost, as the
	// Kullback-Leibler divergence from the float network's answer in nats. It
	// is a prediction, good to a factor of two or so. It is distributed such
	// that a byte saved costs the same in every layer and channel. 0 rounds as
	// finely as int8 can.
	Divergence float64

	// Fisher is the network's Fisher information, from MeasureFisher. It is
	// required if Divergence is not 0.
	Fisher *Fisher
}

// Result is a quantized network with measurements of each layer.
type Result struct {
	Network *model.Network
	Layers  []LayerReport
}

// Quantize makes the int8 network. Pictures are as a prep.Preprocessor
// writes them: Size x Size x 3 bytes minus 128.
func Quantize(ctx context.Context, n *float.Network, pictures [][]int8, o Options) (*Result, error) {
	if err := n.Validate(); err != nil {
		return nil, err
	}
	if err := checkPictures(n, pictures); err != nil {
		return nil, err
	}
	if o.Workers < 1 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if err := o.check(n); err != nil {
		return nil, err
	}
	graph, err := n.Topology.Graph()
	if err != nil {
		return nil, err
	}
	groups := split(graph)
	q := newQuantizer(n, pictures, o)
	for i, g := range groups {
		if err := q.quantize(ctx, g); err != nil {
			return nil, err
		}
		if o.Progress != nil {
			o.Progress(i+1, len(groups))
		}
	}
	return &q.result, q.result.Network.Validate()
}

// check reports options that are invalid for the network.
func (o *Options) check(n *float.Network) error {
	if !(o.Divergence >= 0 && o.Divergence <= math.MaxFloat64) {
		return fmt.Errorf("divergence %v: expected a finite number of nats, 0 or more", o.Divergence)
	}
	if o.Divergence > 0 && !o.Fisher.fits(n) {
		return fmt.Errorf("divergence %v requires the Fisher information of the same network (MeasureFisher)", o.Divergence)
	}
	return nil
}

// checkPictures reports missing pictures and pictures of the wrong size.
func checkPictures(n *float.Network, pictures [][]int8) error {
	if len(pictures) == 0 {
		return fmt.Errorf("calibration needs at least one picture")
	}
	for i, p := range pictures {
		if want := n.Input.Size * n.Input.Size * 3; len(p) != want {
			return fmt.Errorf("picture %d has %d bytes, the network takes %d", i, len(p), want)
		}
	}
	return nil
}

// quantizer is the state of Quantize between two groups.
type quantizer struct {
	// layers are the float network's: conv1 rewritten for bytes, the others
	// equalized in the inputs that were quantized so far.
	layers []float.Layer
	// channelScales are what the inputs of each layer were multiplied by, by
	// layer and channel; nil means 1.
	channelScales [][]float64
	options       Options
	calibrator    *calibrator
	result        Result
}

func newQuantizer(n *float.Network, pictures [][]int8, o Options) *quantizer {
	q := &quantizer{
		layers:        slices.Clone(n.Layers),
		channelScales: make([][]float64, len(n.Layers)),
		options:       o,
		calibrator:    newCalibrator(n, pictures, o.Workers),
	}
	q.layers[0] = foldInput(n.Layers[0], n.Input)
	for _, std := range n.Input.Std {
		q.channelScales[0] = append(q.channelScales[0], float64(std))
	}
	q.result.Network = &model.Network{Topology: n.Topology, Input: n.Input, Labels: n.Labels, Source: n.Source}
	return q
}

// foldInput rewrites conv1 for bytes: weights * (byte-mean)/std + bias.
func foldInput(l float.Layer, in model.Input) float.Layer {
	depth := len(l.Weights) / len(l.Bias)
	out := float.Layer{Weights: make([]float32, len(l.Weights)), Bias: make([]float32, len(l.Bias))}
	for o, b := range l.Bias {
		bias := float64(b)
		for k := range depth {
			c := k % 3
			w := float64(l.Weights[o*depth+k]) / float64(in.Std[c])
			out.Weights[o*depth+k] = float32(w)
			bias -= float64(w * float64(in.Mean[c]))
		}
		out.Bias[o] = float32(bias)
	}
	return out
}

// quantize quantizes the group whose input the calibrator holds.
func (q *quantizer) quantize(ctx context.Context, g group) error {
	params := make([]float.Layer, len(g.convs))
	for i, s := range g.convs {
		params[i] = q.layers[s.Layer]
	}
	stats, err := q.calibrator.measure(ctx, g, params)
	if err != nil {
		return err
	}
	e := equalization{scale: 1} // of the logits
	if len(g.readers) > 0 {
		e = q.equalize(g, stats.output)
	}
	var layers []model.Layer
	for i, s := range g.convs {
		r := q.newRounding(s, params[i], stats.inputs[i], e)
		r.round()
		layers = append(layers, r.layer())
		report := LayerReport{Name: s.Name, Range: float32(codeLevels * e.scale), Target: r.target, Steps: r.scales}
		report.WeightSNR = report.SNR(r.weights)
		q.result.Layers = append(q.result.Layers, report)
	}
	q.result.Network.Layers = append(q.result.Network.Layers, layers...)
	snr, err := q.calibrator.advance(ctx, g, layers, e)
	for i := range g.convs {
		q.result.Layers[len(q.result.Layers)-1-i].ActivationSNR = snr
	}
	return err
}

// newRounding prepares the rounding of a convolution, with its outputs
// equalized.
func (q *quantizer) newRounding(s model.Step, l float.Layer, stats *inputStats, e equalization) *rounding {
	var channelScale []float64
	if e.channelScale != nil {
		l = e.scaleOutputs(l, s.Channel)
		channelScale = e.channelScale[s.Channel : s.Channel+s.Out]
	}
	return &rounding{
		step:     s,
		float:    l,
		stats:    stats,
		inScale:  q.calibrator.scale,
		outScale: e.scale,
		metric:   q.metric(s, stats, channelScale),
		budget:   q.budget(s),
	}
}

// equalize chooses the scale and the channel scales of the group's output, and
// makes up for the channel scales in the layers that read it.
func (q *quantizer) equalize(g group, output *histogram) equalization {
	var readers []float.Layer
	for _, s := range g.readers {
		readers = append(readers, q.layers[s.Layer])
	}
	e := equalize(output, importance(output.channels, readers), g.fixedChannels)
	for i, s := range g.readers {
		q.layers[s.Layer] = e.unscaleInputs(readers[i])
		q.channelScales[s.Layer] = e.channelScale
	}
	return e
}
