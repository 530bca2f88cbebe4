package quant

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"

	"gonum.org/v1/gonum/mat"

	"halfmeg/model"
	"halfmeg/quant/float"
)

// Options steer Quantize; the zero value is ready to use.
type Options struct {
	Workers  int // goroutines; 0 is one a processor
	Progress func(done, total int)

	// Divergence is how much the rounding of weights may cost in all, as the
	// Kullback-Leibler divergence from the float network's answer in nats: a
	// prediction, good to a factor of two or so. It is shared out such that a
	// byte saved costs the same in every layer and channel. 0 rounds as finely
	// as int8 can.
	Divergence float64

	// Fisher is the network's, which Divergence needs: see MeasureFisher.
	Fisher *Fisher
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

	Target []float64 // weights before rounding, [out][depth]
	Steps  []float64 // what one step of each output's weights stands for in Target
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
	g, err := n.Topology.Graph()
	if err != nil {
		return nil, err
	}
	groups := split(g)
	q := &quantizer{layers: slices.Clone(n.Layers), options: o, frontier: newFrontier(n, pictures, o.Workers)}
	q.layers[0] = foldInput(n.Layers[0], n.Input)
	q.equalized = make([][]float64, len(n.Layers))
	for _, std := range n.Input.Std {
		q.equalized[0] = append(q.equalized[0], float64(std))
	}
	q.result.Network = &model.Network{Topology: n.Topology, Input: n.Input, Labels: n.Labels, Source: n.Source}
	for i, g := range groups {
		if err := q.group(ctx, g); err != nil {
			return nil, err
		}
		if o.Progress != nil {
			o.Progress(i+1, len(groups))
		}
	}
	return &q.result, q.result.Network.Validate()
}

// check tells whether the options fit the network.
func (o *Options) check(n *float.Network) error {
	if !(o.Divergence >= 0 && o.Divergence <= math.MaxFloat64) {
		return fmt.Errorf("a divergence of %v: a finite number of nats is wanted", o.Divergence)
	}
	if o.Divergence > 0 && !o.Fisher.of(n) {
		return fmt.Errorf("a divergence needs the Fisher information of the network")
	}
	return nil
}

// checkPictures tells whether there are pictures and the network can read them.
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

// group is what is quantized at once: the convolutions that write one tensor
// (the two expands of a fire module, else one), the bypass and the pool that
// follow.
type group struct {
	convs      []model.Step
	pool       *model.Step  // nil for none
	readers    []model.Step // the convolutions that read the result
	keepsInput bool         // a bypass will add the group's input later
	bypass     bool         // it is added here

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

// split sorts the steps of a network into groups, in order.
func split(graph *model.Graph) []group {
	var groups []group
	computes := make([]int, len(graph.Tensors)) // by tensor, the group that it comes from
	for i, t := range graph.Tensors {
		if len(t.Writers) == 0 {
			continue
		}
		s := &t.Writers[0]
		if s.Kind == model.Pool {
			computes[i] = computes[s.Reads]
			groups[computes[i]].pool = s
		} else {
			computes[i] = len(groups)
			adds := func(t model.Tensor) bool { return t.Adds == s.Reads }
			groups = append(groups, group{convs: t.Writers, keepsInput: slices.ContainsFunc(graph.Tensors, adds)})
		}
		g := &groups[computes[i]]
		g.readers = t.Readers
		if t.Adds != model.None {
			g.bypass, g.fixedChannels = true, true
			groups[computes[t.Adds]].fixedChannels = true
		}
	}
	return groups
}

// quantizer carries the pictures' activations through the network. Its
// layers are the float network's, conv1 rewritten for bytes, the others
// equalized as far as the frontier stands.
type quantizer struct {
	layers    []float.Layer
	equalized [][]float64 // by layer: the factors that its inputs were multiplied by; nil is 1
	options   Options
	frontier  *frontier
	result    Result
}

// group quantizes the convolutions at the frontier and moves it behind them.
func (q *quantizer) group(ctx context.Context, g group) error {
	params := make([]float.Layer, len(g.convs))
	for i, s := range g.convs {
		params[i] = q.layers[s.Layer]
	}
	stats, err := q.frontier.measure(ctx, g, params)
	if err != nil {
		return err
	}
	e := equalization{scale: 1, largest: stats.largest()}
	if len(g.readers) > 0 {
		e = q.equalize(g, stats.values)
	}
	var layers []model.Layer
	for i, s := range g.convs {
		var factors []float64
		if e.factors != nil {
			params[i] = e.scaleOutputs(params[i], s.Channel)
			factors = e.factors[s.Channel : s.Channel+s.Out]
		}
		r := newRounding(s, params[i], stats.inputs[i], q.frontier.scale, e.scale, q.metric(s, stats.inputs[i], factors), q.noise(s))
		layers = append(layers, r.layer(stats.inputs[i]))
		report := LayerReport{
			Name:    s.Name,
			Range:   float32(codeLevels * e.scale),
			Largest: float32(e.largest),
			Target:  r.target,
			Steps:   r.scales,
		}
		report.WeightSNR = report.SNR(r.weights)
		q.result.Layers = append(q.result.Layers, report)
	}
	q.result.Network.Layers = append(q.result.Network.Layers, layers...)
	snr, err := q.frontier.advance(ctx, g, layers, e)
	for i := range g.convs {
		q.result.Layers[len(q.result.Layers)-1-i].ActivationSNR = snr
	}
	return err
}

// metric says what errors of a convolution's weights cost, whose outputs were
// multiplied by factors (nil is 1): the divergence that they cause or, where
// steps are the finest, the variance that they make in the output.
func (q *quantizer) metric(s model.Step, m *moments, factors []float64) metric {
	by := metric{weight: slices.Repeat([]float64{1}, s.Out)}
	h := m.hessian()
	if q.options.Divergence > 0 {
		l := q.options.Fisher.layers[s.Layer]
		h = blend(l.covariance(q.equalized[s.Layer], q.frontier.scale), h, localShare(s))
		if l.outputs != nil {
			by.outputs = newFactor(l.outputCovariance(factors), ascending(s.Out))
			by.weight = by.outputs.cost
		} else {
			h.ScaleSym(1/float64(s.Out), h)
		}
	}
	by.inputs = newFactor(h, descendingDiagonal(h))
	return by
}

// localShare is how much the metric of a layer's inputs is that of its own
// output instead of the network's answer. There are more pixels than answers,
// so it is better known: most of all needed in the head, whose classes have
// an answer or two each.
func localShare(s model.Step) float64 {
	if s.Kind == model.Conv10 {
		return 0.6
	}
	return 0.03
}

// blend is (1-share)*h + share*local, local brought to the trace of h.
func blend(h, local *mat.SymDense, share float64) *mat.SymDense {
	ratio := share * mat.Trace(h) / max(mat.Trace(local), minPerStep)
	n := h.SymmetricDim()
	sum := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			sum.SetSym(i, j, float64((1-share)*h.At(i, j))+float64(ratio*local.At(i, j)))
		}
	}
	return sum
}

// noise is the divergence that the rounding of one weight may cause: the whole
// shared out equally among all weights of the network. That is
// where a byte is best saved: at high rates one bit less of a weight
// quadruples its noise, wherever the weight stands.
func (q *quantizer) noise(s model.Step) float64 {
	weights := 0
	for _, l := range q.layers {
		weights += len(l.Weights)
	}
	noise := q.options.Divergence / float64(weights)
	if s.Kind == model.Conv10 {
		noise *= headExcess
	}
	return noise
}

// headExcess is by how much the divergence that errors in the head cause is
// overestimated: measured, by leaving one layer after the other unrounded, on
// pictures that were not calibrated on.
const headExcess = 3

// equalize chooses the group's output scale and channel factors, and takes
// the factors out of the layers that read it.
func (q *quantizer) equalize(g group, values *histogram) equalization {
	var reading []float.Layer
	for _, s := range g.readers {
		reading = append(reading, q.layers[s.Layer])
	}
	e := equalize(values, importance(values.channels, reading), !g.fixedChannels)
	for i, s := range g.readers {
		q.layers[s.Layer] = e.unscaleInputs(reading[i])
		q.equalized[s.Layer] = e.factors
	}
	return e
}
