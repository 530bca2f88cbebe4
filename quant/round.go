package quant

import (
	"math"

	"halfmeg/model"
	"halfmeg/quant/float"
)

// Rounder chooses a layer's int8 weights. steps has shape [out][depth] and
// holds the ideal values in units of one step, of which whole numbers of
// magnitude at most model.MaxWeight are wanted.
type Rounder interface {
	Round(s model.Step, steps []float64, c *curvature) []int8
}

// Nearest rounds every weight by itself, half to even.
type Nearest struct{}

// Round implements Rounder.
func (Nearest) Round(_ model.Step, steps []float64, _ *curvature) []int8 {
	out := make([]int8, len(steps))
	for i, v := range steps {
		out[i] = nearest(v)
	}
	return out
}

// rounding is one convolution on its way to int8.
type rounding struct {
	step     model.Step
	float    float.Layer
	target   []float64 // weights [out][depth] for the codes as they are
	scales   []float64 // real value of one weight step, for each output channel
	inScale  float64   // real value of one input code
	outScale float64   // real value of one output code; 1 in the head
	weights  []int8
}

// newRounding rounds a layer. noise is the variance that the rounding of one
// weight may add to each output channel; nil asks for the finest steps.
func newRounding(s model.Step, l float.Layer, m *moments, inScale, outScale float64, noise []float64, rounder Rounder) *rounding {
	r := &rounding{step: s, float: l, inScale: inScale, outScale: outScale}
	c := newCurvature(m.hessian())
	r.target = m.retarget(l.Weights, s.Out, inScale)
	r.scales = make([]float64, s.Out)
	steps := make([]float64, len(r.target))
	depth := len(r.target) / s.Out
	for o := range r.scales {
		row := r.target[o*depth : (o+1)*depth]
		r.scales[o] = r.channelScale(row, l.Bias[o])
		if noise != nil { // a step has the variance step²/12
			r.scales[o] = max(r.scales[o], math.Sqrt(12*noise[o]/c.left)/inScale)
		}
		for k, w := range row {
			steps[o*depth+k] = w / r.scales[o]
		}
	}
	r.weights = rounder.Round(s, steps, c)
	return r
}

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
	for o := range r.step.Out {
		unit := r.inScale * r.scales[o] // real value of one accumulator step
		row := r.weights[o*depth : (o+1)*depth]
		want, got := float64(r.float.Bias[o]), 0.0
		for k, w := range row {
			want += float64(float64(r.float.Weights[o*depth+k]) * values[k])
			got += float64(float64(w) * codes[k])
		}
		out.Bias[o] = clampBias(want/unit-got, row)
		out.Multiplier[o] = r.multiplier(unit)
	}
	return out
}

// multiplier takes accumulator steps of a real unit to output codes or, in
// the head, to the mean over the map.
func (r *rounding) multiplier(unit float64) float32 {
	if r.step.Kind == model.Conv10 {
		return float32(max(unit/float64(r.step.OutSize*r.step.OutSize), minScale))
	}
	return float32(max(unit/r.outScale, minScale))
}

// clampBias rounds a bias and keeps the accumulator inside an int32.
func clampBias(bias float64, weights []int8) int32 {
	room := math.MaxInt32 - model.AccumulatorBound(weights, 0)
	return int32(min(max(math.RoundToEven(bias), -float64(room)), float64(room)))
}

// snr is the ratio of the weights to their rounding error in dB.
func (r *rounding) snr() float64 {
	depth := len(r.weights) / r.step.Out
	var signal, noise float64
	for i, w := range r.target {
		d := w - float64(float64(r.weights[i])*r.scales[i/depth])
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
