package quant

import (
	"math"

	"halfmeg/quant/float"
)

// A ReLU and a maximum commute with a positive factor, so that a channel's
// activations may be made larger by a factor in the layers that write it and
// smaller again in the layers that read it. Factors that bring the channels
// of a tensor nearer to each other let its one scale serve them all better
// (Nagel et al., "Data-free quantization through weight equalization and
// bias correction", arXiv:1906.04721, section 4.1).

// equalization is the factor of each channel of a tensor and the tensor's
// scale with the factors applied.
type equalization struct {
	factors []float64
	scale   float64
	largest float64 // activation seen, factors applied
}

// equalize chooses factors that go half the way, in the logarithm, to equal
// ranges: all the way would cost the reading layer's weights as much as the
// activations gain. Without factors (a bypass adds tensors channel by
// channel, so both must keep theirs) only the scale is chosen.
func equalize(h *histogram, importance []float64, useFactors bool) equalization {
	e := equalization{factors: make([]float64, h.channels), scale: 1}
	channels := make([]distribution, h.channels)
	ranges := make([]float64, h.channels)
	widest := 0.0
	for c := range channels {
		d := h.channel(c)
		channels[c] = d
		ranges[c] = codeLevels * bestScale(d.largest(), d.squaredError)
		widest = max(widest, ranges[c])
	}
	for c := range channels {
		e.factors[c] = 1
		if useFactors && ranges[c] > 0 {
			e.factors[c] = min(math.Sqrt(widest/ranges[c]), maxFactor)
		}
		e.largest = max(e.largest, channels[c].largest()*e.factors[c])
	}
	if e.largest > 0 {
		e.scale = max(minScale, bestScale(e.largest, func(scale float64) float64 {
			total := 0.0
			for c, d := range channels {
				total += float64(importance[c] * d.squaredError(scale/e.factors[c]))
			}
			return total
		}))
	}
	return e
}

// maxFactor keeps a channel that hardly ever fires from being blown up.
const maxFactor = 32

// scaleOutputs multiplies a layer's output channels, the first of which is
// channel first of the tensor, by their factors.
func (e equalization) scaleOutputs(l float.Layer, first int) float.Layer {
	out := float.Layer{Weights: make([]float32, len(l.Weights)), Bias: make([]float32, len(l.Bias))}
	depth := len(l.Weights) / len(l.Bias)
	for o, b := range l.Bias {
		f := e.factors[first+o]
		out.Bias[o] = float32(float64(b) * f)
		for k := o * depth; k < (o+1)*depth; k++ {
			out.Weights[k] = float32(float64(l.Weights[k]) * f)
		}
	}
	return out
}

// unscaleInputs divides what a layer reads by its channels' factors.
func (e equalization) unscaleInputs(l float.Layer) float.Layer {
	out := float.Layer{Weights: make([]float32, len(l.Weights)), Bias: l.Bias}
	for k, w := range l.Weights {
		out.Weights[k] = float32(float64(w) / e.factors[k%len(e.factors)])
	}
	return out
}

// apply multiplies a map's channels by their factors.
func (e equalization) apply(m float.Map) {
	for i := range m.Data {
		m.Data[i] *= float32(e.factors[i%m.Channels])
	}
}

// importance is how much an error in each channel of a tensor matters to
// the layers that read it: the energy of the weights on that channel.
func importance(channels int, readers []float.Layer) []float64 {
	energy := make([]float64, channels)
	for _, l := range readers {
		for k, w := range l.Weights {
			energy[k%channels] += float64(float64(w) * float64(w))
		}
	}
	return energy
}
