package quant

import (
	"math"

	"halfmeg/model"
	"halfmeg/quant/float"
)

// rounding is one convolution while it is quantized.
type rounding struct {
	// Inputs.
	step     model.Step
	float    float.Layer // with the equalization's channel scales applied
	stats    *inputStats
	inScale  float64 // real value of one input code
	outScale float64 // real value of one output code; 1 in the head
	metric   metric
	budget   float64 // divergence that the rounding of one weight may cause; 0 selects the finest steps

	// Results of round.
	target   []float64 // unrounded weights [out][depth] for the codes as they are
	scales   []float64 // step size of each output channel: real value of weight 1
	weights  []int8
	variance float64 // of a weight's error, in squares of a step
}

// round refits the weights to the codes, chooses the step sizes and rounds.
func (r *rounding) round() {
	pruned := findPruned(r.float.Weights)
	r.target = r.stats.refit(r.float.Weights, r.step.Out, r.inScale, pruned)
	r.variance = uniformVariance
	if r.budget > 0 {
		r.variance = trellisVariance
	}
	r.chooseScales()
	r.weights = (&rounder{
		metric:     r.metric,
		target:     r.target,
		pruned:     pruned,
		scales:     r.scales,
		useTrellis: r.budget > 0,
		lambda:     rateShare * 4 * math.Ln2 * r.budget / (r.inScale * r.inScale),
	}).round()
}

// chooseScales sets the step size of each output channel: the finest that int8
// allows, or larger until the error of a weight costs the budget. At high
// rates an error costs half the metric's curvature times the variance, which
// grows with the square of the step.
func (r *rounding) chooseScales() {
	r.scales = make([]float64, r.step.Out)
	depth := len(r.target) / r.step.Out
	for o := range r.scales {
		r.scales[o] = r.finestScale(r.target[o*depth:(o+1)*depth], r.float.Bias[o])
		if r.budget > 0 {
			perSquaredStep := trellisVariance / 2 * r.metric.inputs.meanCost() * r.metric.outputCost[o] * r.inScale * r.inScale
			r.scales[o] = max(r.scales[o], math.Sqrt(r.budget/max(perSquaredStep, minCost)))
		}
		r.scales[o] = r.shortenMultiplier(r.scales[o])
	}
}

// The variance of the rounding error in squares of a step, where steps are
// small against the weights: 1/12 for all integers (uniform error); for the
// trellis as measured, which go test -run TestTrellisVariance repeats. A uniform
// quantizer with only every second integer, the density of one trellis state,
// has 1/3.
const (
	uniformVariance = 1. / 12
	trellisVariance = 0.247
)

// rateShare scales lambda, the Lagrange multiplier of rate-distortion optimised
// rounding, which minimises error + lambda*bits. 1 would be optimal at high
// rates: there, removing one bit per weight quadruples the error's variance
// (6.02 dB per bit), so that lambda is 2*ln 2 times the budget of a weight, or
// 4*ln 2 times in the metric, which is twice the divergence. But 1 shrinks the
// weights too much, which was measured to cost more than it saves; the figures
// were not kept. The package comment describes how to measure it again.
const rateShare = 0.2

// minCost bounds the steps of channels whose errors never matter.
const minCost = 1e-30

// shortenMultiplier enlarges a step size slightly, such that its multiplier has
// only multiplierBits mantissa bits, because each costs file size.
func (r *rounding) shortenMultiplier(scale float64) float64 {
	multiplier := r.multiplier(r.inScale * scale)
	const dropped = 23 - multiplierBits
	bits := (math.Float32bits(multiplier) + 1<<dropped - 1) >> dropped << dropped
	return scale * float64(math.Float32frombits(bits)) / float64(multiplier)
}

// multiplierBits bounds what shortenMultiplier adds to a step size to a
// sixteenth. Not tuned.
const multiplierBits = 4

// biasLimit is the largest bias of a channel in accumulator steps: it leaves
// most of the int32 accumulator to the products.
const biasLimit = 1 << 29

// finestScale returns the step size that maps the largest weight to 127. It is
// larger in a dead channel and where the bias would exceed biasLimit.
func (r *rounding) finestScale(weights []float64, bias float32) float64 {
	largest := 0.0
	for _, w := range weights {
		largest = math.Max(largest, math.Abs(w))
	}
	return max(largest/model.MaxWeight, math.Abs(float64(bias))/(r.inScale*biasLimit), minScale)
}

// layer returns the quantized layer, once it has been rounded.
func (r *rounding) layer() model.Layer {
	out := model.Layer{
		Weights:    r.weights,
		Bias:       r.biases(),
		Multiplier: make([]float32, r.step.Out),
		Scale:      float32(r.outScale),
	}
	for o, scale := range r.scales {
		out.Multiplier[o] = r.multiplier(r.inScale * scale)
	}
	return out
}

// multiplier converts accumulator steps, each worth unit in real value, to
// output codes or, in the head, to the mean over the map.
func (r *rounding) multiplier(unit float64) float32 {
	if r.step.Kind == model.Conv10 {
		return float32(max(unit/float64(r.step.OutSize*r.step.OutSize), minScale))
	}
	return float32(max(unit/r.outScale, minScale))
}

func nearest(v float64) int8 {
	return int8(min(max(math.RoundToEven(v), -model.MaxWeight), model.MaxWeight))
}
