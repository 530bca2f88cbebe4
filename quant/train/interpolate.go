package train

import (
	"slices"

	"halfmeg/quant/float"
)

// Interpolate returns the network whose parameters are a share of the way from those of one
// network to those of another with the same topology: 0 is from, 1 is to. Between
// a pretrained network and the same network fine-tuned on few pictures, a point on this line is often better
// than both ends (Wortsman et al., arXiv:2109.01903).
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
