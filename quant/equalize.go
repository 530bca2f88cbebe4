package quant

import (
	"math"

	"halfmeg/quant/float"
)

// equalization makes the ranges of a tensor's channels more alike, so that
// its one scale suits all of them. ReLU and max-pooling commute with a
// positive factor: a channel is multiplied by its channel scale in the layers
// that write it and divided by it in the layers that read it (cross-layer
// equalization: Nagel et al., arXiv:1906.04721, section 4.1).
type equalization struct {
	channelScale []float64
	scale        float64 // real value of one code, with the channel scales applied
}

// equalize chooses channel scales and the tensor's scale. The channel scales
// are the square root of those that would make all ranges equal: equalizing
// fully would lose as much weight precision in the next layer as activations
// gain (equation 11 of the paper, for equal weight ranges). Where channels are
// fixed, because a bypass adds tensors channel by channel, only the scale is
// chosen. importance is the cost of a squared error, by channel.
func equalize(h *histogram, importance []float64, fixedChannels bool) equalization {
	e := equalization{channelScale: make([]float64, h.channels), scale: 1}
	channels := make([]distribution, h.channels)
	ranges := make([]float64, h.channels)
	widest, largest := 0.0, 0.0
	for c := range channels {
		d := h.channel(c)
		channels[c] = d
		ranges[c] = codeLevels * bestScale(d.largest(), d.squaredError)
		widest = max(widest, ranges[c])
	}
	for c := range channels {
		e.channelScale[c] = 1
		if !fixedChannels && ranges[c] > 0 {
			e.channelScale[c] = min(math.Sqrt(widest/ranges[c]), maxChannelScale)
		}
		largest = max(largest, channels[c].largest()*e.channelScale[c])
	}
	if largest > 0 {
		e.scale = max(minScale, bestScale(largest, func(scale float64) float64 {
			total := 0.0
			for c, d := range channels {
				total += float64(importance[c] * d.squaredError(scale/e.channelScale[c]))
			}
			return total
		}))
	}
	return e
}

// maxChannelScale limits channels that are almost never active: calibration
// estimates their range badly. Not tuned.
const maxChannelScale = 32

// scaleOutputs multiplies a layer's outputs, the tensor's channels from first
// on, by their channel scales.
func (e equalization) scaleOutputs(l float.Layer, first int) float.Layer {
	out := float.Layer{Weights: make([]float32, len(l.Weights)), Bias: make([]float32, len(l.Bias))}
	depth := len(l.Weights) / len(l.Bias)
	for o, b := range l.Bias {
		f := e.channelScale[first+o]
		out.Bias[o] = float32(float64(b) * f)
		for k := o * depth; k < (o+1)*depth; k++ {
			out.Weights[k] = float32(float64(l.Weights[k]) * f)
		}
	}
	return out
}

// unscaleInputs makes up for the channel scales in a layer that reads the
// tensor.
func (e equalization) unscaleInputs(l float.Layer) float.Layer {
	out := float.Layer{Weights: make([]float32, len(l.Weights)), Bias: l.Bias}
	for k, w := range l.Weights {
		out.Weights[k] = float32(float64(w) / e.channelScale[k%len(e.channelScale)])
	}
	return out
}

// apply multiplies a map by the channel scales.
func (e equalization) apply(m float.Map) {
	for at := 0; at < len(m.Data); at += len(e.channelScale) {
		pixel := m.Data[at : at+len(e.channelScale)]
		for c, f := range e.channelScale {
			pixel[c] *= float32(f)
		}
	}
}

// importance returns the cost of an error in each channel of a tensor: the energy
// of the weights that read the channel.
func importance(channels int, readers []float.Layer) []float64 {
	energy := make([]float64, channels)
	for _, l := range readers {
		for k, w := range l.Weights {
			energy[k%channels] += float64(float64(w) * float64(w))
		}
	}
	return energy
}
