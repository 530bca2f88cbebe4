package quant

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"halfmeg/model"
	"halfmeg/quant/float"
)

// rounding is one convolution on its way to int8.
type rounding struct {
	step     model.Step
	float    float.Layer
	target   []float64 // weights [out][depth] for the codes as they are
	scales   []float64 // real value of one weight step, for each output channel
	inScale  float64   // real value of one input code
	outScale float64   // real value of one output code; 1 in the head
	weights  []int8
	variance float64 // of a weight's error, in squares of a step
}

// newRounding rounds a layer. noise is the divergence that the rounding of one
// weight may cause; 0 asks for the finest steps.
func newRounding(s model.Step, l float.Layer, m *moments, inScale, outScale float64, by metric, noise float64) *rounding {
	r := &rounding{step: s, float: l, inScale: inScale, outScale: outScale, variance: plainVariance}
	if noise > 0 {
		r.variance = trellisVariance
	}
	held := pruned(l.Weights)
	r.target = m.retarget(l.Weights, s.Out, inScale, held)
	r.scales = make([]float64, s.Out)
	depth := len(r.target) / s.Out
	for o := range r.scales {
		r.scales[o] = r.channelScale(r.target[o*depth:(o+1)*depth], l.Bias[o])
		if noise > 0 {
			perStep := trellisVariance / 2 * by.inputs.meanCost() * by.weight[o] * inScale * inScale
			r.scales[o] = max(r.scales[o], math.Sqrt(noise/max(perStep, minPerStep)))
		}
		r.scales[o] = r.roundScale(r.scales[o])
	}
	rate := rateShare * 4 * math.Ln2 * noise / (inScale * inScale)
	r.weights = (&rounder{metric: by, target: r.target, held: held, scales: r.scales, trellis: noise > 0, rate: rate}).round()
	return r
}

// The variance of the error that rounding leaves, in squares of a step, where
// steps are small: to every number, and to a trellis, which was measured.
// (Every other number would leave 1/3.)
const (
	plainVariance   = 1. / 12
	trellisVariance = 0.247
)

// rateShare is the part counted of what a bit is worth. One bit less of a
// weight quadruples its noise; but to pay the whole of that for bits saved
// draws all weights towards zero, which was measured to cost more than it
// saves.
const rateShare = 0.2

// minPerStep bounds the steps of channels that never matter.
const minPerStep = 1e-30

// roundScale makes a scale a little larger, such that the multiplier that
// follows from it has few bits: they are bytes of the file.
func (r *rounding) roundScale(scale float64) float64 {
	multiplier := r.multiplier(r.inScale * scale)
	const dropped = 23 - multiplierBits
	bits := (math.Float32bits(multiplier) + 1<<dropped - 1) >> dropped << dropped
	return scale * float64(math.Float32frombits(bits)) / float64(multiplier)
}

// multiplierBits is how many bits of a multiplier's fraction are used.
const multiplierBits = 4

// biasLimit leaves room in the int32 accumulator beside the bias.
const biasLimit = 1 << 29

// channelScale is the step that takes the largest weight to 127. A dead
// channel, or one whose bias would not fit in such small steps, gets a
// larger one.
func (r *rounding) channelScale(weights []float64, bias float32) float64 {
	largest := 0.0
	for _, w := range weights {
		largest = math.Max(largest, math.Abs(w))
	}
	return max(largest/model.MaxWeight, math.Abs(float64(bias))/(r.inScale*biasLimit), minScale)
}

// layer works out the biases, such that the mean of every output channel
// before its ReLU is the float network's, and the multipliers.
func (r *rounding) layer(m *moments) model.Layer {
	out := model.Layer{
		Weights:    r.weights,
		Bias:       make([]int32, r.step.Out),
		Multiplier: make([]float32, r.step.Out),
		Scale:      float32(r.outScale),
	}
	depth := len(r.weights) / r.step.Out
	values, codes := m.means()
	for o, scale := range r.scales {
		out.Multiplier[o] = r.multiplier(r.inScale * scale)
	}
	grain := biasGrain(m, r.variance)
	for o := range r.step.Out {
		unit := r.inScale * r.scales[o] // real value of one accumulator step
		row := r.weights[o*depth : (o+1)*depth]
		want, got := float64(r.float.Bias[o]), 0.0
		for k, w := range row {
			want += float64(float64(r.float.Weights[o*depth+k]) * values[k])
			got += float64(float64(w) * codes[k])
		}
		out.Bias[o] = clampBias(want/unit-got, grain, row)
	}
	return out
}

// biasGrain is the power of two whose multiples the layer's biases are: a small
// part of the noise that rounded weights make in the accumulators, for bits
// below that are bytes of the file for nothing.
func biasGrain(m *moments, variance float64) float64 {
	noise := math.Sqrt(variance * max(0, mat.Trace(m.hessian())))
	return math.Exp2(max(0, min(math.Floor(math.Log2(noise/biasParts)), maxGrain)))
}

const (
	biasParts = 8  // of the noise's standard deviation
	maxGrain  = 20 // bits
)

// multiplier takes accumulator steps of a real unit to output codes or, in
// the head, to the mean over the map.
func (r *rounding) multiplier(unit float64) float32 {
	if r.step.Kind == model.Conv10 {
		return float32(max(unit/float64(r.step.OutSize*r.step.OutSize), minScale))
	}
	return float32(max(unit/r.outScale, minScale))
}

// clampBias rounds a bias to a multiple of grain and keeps the accumulator
// inside an int32.
func clampBias(bias, grain float64, weights []int8) int32 {
	room := math.Floor(float64(math.MaxInt32-model.AccumulatorBound(weights, 0))/grain) * grain
	return int32(min(max(math.RoundToEven(bias/grain)*grain, -room), room))
}

func nearest(v float64) int8 {
	return int8(min(max(math.RoundToEven(v), -model.MaxWeight), model.MaxWeight))
}

// SNR is the ratio of the layer's target to the error of weights in its place, in dB.
func (l *LayerReport) SNR(weights []int8) float64 {
	depth := len(weights) / len(l.Steps)
	var signal, noise float64
	for i, w := range l.Target {
		d := w - float64(float64(weights[i])*l.Steps[i/depth])
		signal += float64(w * w)
		noise += float64(d * d)
	}
	return ratio([]float64{signal}, []float64{noise})
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
