package quant

import (
	"math"
	"math/bits"

	"gonum.org/v1/gonum/mat"

	"halfmeg/model"
)

// biases are such that every output channel has the float network's mean over
// the calibration pictures, before its ReLU, whatever error the rounded weights
// have (bias correction: Nagel et al., arXiv:1906.04721, section 4.2).
func (r *rounding) biases() []int32 {
	biases := make([]int32, r.step.Out)
	depth := len(r.weights) / r.step.Out
	values, codes := r.stats.means()
	step := biasStep(r.stats, r.variance)
	for o := range biases {
		unit := r.inScale * r.scales[o] // real value of one accumulator step
		row := r.weights[o*depth : (o+1)*depth]
		want, got := float64(r.float.Bias[o]), 0.0
		for k, w := range row {
			want += float64(float64(r.float.Weights[o*depth+k]) * values[k])
			got += float64(float64(w) * codes[k])
		}
		biases[o] = clampBias(want/unit-got, step, row)
	}
	return biases
}

// biasStep returns the power of two that all biases of a layer are multiples of.
// It is small against the noise that rounded weights cause in the
// accumulators: bits below that would be wasted bytes of the file.
func biasStep(m *inputStats, variance float64) float64 {
	noise := math.Sqrt(variance * max(0, mat.Trace(m.hessian())))
	return math.Exp2(max(0, min(math.Floor(math.Log2(noise/stepsPerNoise)), maxBiasShift)))
}

// Not tuned: an eighth of the noise's standard deviation adds a uniform error
// of at most 0.13 % of the noise's variance.
const (
	stepsPerNoise = 8
	maxBiasShift  = 20
)

// clampBias rounds a bias to a multiple of step and limits it such that no
// input overflows the int32 accumulator.
func clampBias(bias, step float64, weights []int8) int32 {
	room := math.Floor(float64(math.MaxInt32-model.AccumulatorBound(weights, 0))/step) * step
	return int32(min(max(math.RoundToEven(bias/step)*step, -room), room))
}

// commonBiasStep returns the largest power of two that divides all biases.
func commonBiasStep(biases []int32) float64 {
	all := int32(0)
	for _, b := range biases {
		all |= b
	}
	if all == 0 {
		return 1
	}
	return float64(int64(1) << min(bits.TrailingZeros32(uint32(all)), maxBiasShift))
}
