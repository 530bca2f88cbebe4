package importer

import (
	"fmt"
	"math"
)

// affine multiplies every channel of a map by a factor and adds a summand:
// batch normalization at inference, or a sum or a product with a constant. It
// is folded into the convolution before it or, on the picture, into the mean
// and the standard deviation. The parameters are read on demand, like weights.
type affine struct {
	params  []*tensor // each holds one value per channel, or one for all
	combine func(v []float64) (factor, summand float64)
	axis    int // of the channels, counted from the end: 3 is NCHW, 1 is NHWC, 0 means one value for all

	// After a concatenation, an affine covers the channels of both expand
	// layers: total channels, of which those from first on belong to the layer.
	first, total int
}

// Axes of the channels of a four-dimensional map, counted from the end.
const (
	channelsFirst = 3 // NCHW
	channelsLast  = 1 // NHWC
)

// summand returns a combine function of one parameter: x + sign*v.
func summand(sign float64) func([]float64) (float64, float64) {
	return func(v []float64) (float64, float64) { return 1, sign * v[0] }
}

func product(v []float64) (float64, float64)  { return v[0], 0 }
func quotient(v []float64) (float64, float64) { return 1 / v[0], 0 }

// Names of the parameters of batch normalization, in the order that normalize
// expects.
const (
	normGamma = iota
	normBeta
	normMean
	normVariance
)

// batchNorm returns the affine (x-mean)/sqrt(variance+epsilon)*gamma + beta
// (arXiv:1502.03167, algorithm 2). gamma and beta may be nil, which means 1 and 0.
func batchNorm(gamma, beta, mean, variance *tensor, epsilon float64) affine {
	if gamma == nil {
		gamma = literal("gamma", 1)
	}
	if beta == nil {
		beta = literal("beta", 0)
	}
	return affine{axis: channelsFirst, params: []*tensor{gamma, beta, mean, variance},
		combine: func(v []float64) (float64, float64) {
			factor := v[normGamma] / math.Sqrt(v[normVariance]+epsilon)
			return factor, v[normBeta] - float64(v[normMean]*factor)
		}}
}

// literal returns a tensor of values that are not stored as a tensor of the file.
func literal(name string, values ...float32) *tensor {
	return &tensor{name: name, where: "default", shape: []int{len(values)}, load: func() ([]float32, error) { return values, nil }}
}

// check verifies the number of values for a convolution of the given number of
// filters.
func (a *affine) check(out int) error {
	if a.total > 0 {
		out = a.total
	}
	for _, p := range a.params {
		if n := p.count(); n != 1 && n != out {
			return fmt.Errorf("%s: expected one value for each of %d channels", p, out)
		}
	}
	return nil
}

// values returns the factor and the summand of each of out channels.
func (a *affine) values(out int) (factors, summands []float64, err error) {
	if err := a.check(out); err != nil {
		return nil, nil, err
	}
	params := make([][]float32, len(a.params))
	for i, p := range a.params {
		if params[i], err = p.values(); err != nil {
			return nil, nil, err
		}
	}
	factors, summands = make([]float64, out), make([]float64, out)
	v := make([]float64, len(params))
	for c := range out {
		for i, p := range params {
			v[i] = float64(p[min(a.first+c, len(p)-1)])
		}
		factors[c], summands[c] = a.combine(v)
		if !finite(factors[c]) || !finite(summands[c]) {
			return nil, nil, fmt.Errorf("%s: channel %d: the factor is %v and the summand %v",
				a.params[len(a.params)-1], a.first+c, factors[c], summands[c])
		}
	}
	return factors, summands, nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// fold applies affines to a convolution's parameters, in float64: a map that is
// scaled and shifted per channel is the map of scaled weights and biases.
// weights are [out] by anything.
func fold(affines []affine, weights, bias []float32) error {
	if len(affines) == 0 {
		return nil
	}
	out := len(bias)
	factor, shift := make([]float64, out), make([]float64, out)
	for c := range out {
		factor[c], shift[c] = 1, float64(bias[c])
	}
	for i := range affines {
		factors, summands, err := affines[i].values(out)
		if err != nil {
			return err
		}
		for c := range out {
			factor[c] *= factors[c]
			shift[c] = float64(shift[c]*factors[c]) + summands[c]
		}
	}
	area := len(weights) / out
	for c := range out {
		bias[c] = float32(shift[c])
		for i := c * area; i < (c+1)*area; i++ {
			weights[i] = float32(float64(weights[i]) * factor[c])
		}
	}
	return nil
}
