package train

import "math"

// Schedule returns the learning rate of a round, counted from 0, as a share of
// the full rate. rounds is their total number.
type Schedule func(round, rounds int) float64

// WarmupCosine returns the Schedule that rises linearly over the first warmup
// rounds (Goyal et al., arXiv:1706.02677, section 2.2) and falls to zero along
// half a cosine (Loshchilov and Hutter, arXiv:1608.03983, equation 5).
func WarmupCosine(warmup int) Schedule {
	return func(round, rounds int) float64 {
		return min(1, float64(round+1)/float64(warmup)) * 0.5 * (1 + math.Cos(math.Pi*float64(round)/float64(rounds)))
	}
}

// WarmupLinear returns the Schedule that rises linearly over the first warmup
// rounds and falls linearly to zero: without a warm-up, that of SqueezeNet.
func WarmupLinear(warmup int) Schedule {
	return func(round, rounds int) float64 {
		return min(1, float64(round+1)/float64(warmup)) * (1 - float64(round)/float64(rounds))
	}
}
