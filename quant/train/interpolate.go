package train

import (
	"slices"

	"halfmeg/quant/float"
)

// Interpolate returns (1-share)*from + share*to, parameter by parameter. Both have the same
// topology. Between a pretrained network and what fine-tuning on few pictures makes of it,
// there are often better ones than both (Wortsman et al., arXiv:2109.01903).
func Interpolate(from, to *float.Network, share float64) *float.Network {
	n := *to
	n.Layers = slices.Clone(to.Layers)
	for l := range n.Layers {
		n.Layers[l].Weights = interpolated(from.Layers[l].Weights, to.Layers[l].Weights, share)
		n.Layers[l].Bias = interpolated(from.Layers[l].Bias, to.Layers[l].Bias, share)
	}
	return &n
}

func interpolated(from, to []float32, share float64) []float32 {
	out := make([]float32, len(to))
	for i, v := range to {
		// The conversions forbid fused multiply-adds.
		out[i] = float32(float64(float64(v)*share) + float64(float64(from[i])*(1-share)))
	}
	return out
}
