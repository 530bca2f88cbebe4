package quant

import (
	"slices"

	"halfmeg/model"
	"halfmeg/quant/float"
)

// Dequantize returns the float network with the weights of a quantized one, for
// example to train it further. Its answers are those of n without the rounding of
// activations and their limit at code 255.
func Dequantize(n *model.Network) (*float.Network, error) {
	if err := n.Validate(); err != nil {
		return nil, err
	}
	g, err := n.Topology.Graph()
	if err != nil {
		return nil, err
	}
	out := &float.Network{Topology: n.Topology, Input: n.Input, Labels: slices.Clone(n.Labels), Source: n.Source}
	scales := n.Scales(g)
	for _, s := range g.Convolutions {
		outScale := float64(scales[s.Output])
		if s.Kind == model.Conv10 {
			outScale = float64(s.OutSize * s.OutSize) // its multiplier also takes the mean over the map
		}
		out.Layers = append(out.Layers, dequantizeLayer(n.Layers[s.Layer], float64(scales[s.Input]), outScale))
	}
	out.Layers[0] = unfoldInput(out.Layers[0], n.Input)
	return out, out.Validate()
}

// dequantizeLayer returns the real parameters of a layer: a code of the input
// stands for inScale, an accumulator times its multiplier for outScale.
func dequantizeLayer(l model.Layer, inScale, outScale float64) float.Layer {
	depth := len(l.Weights) / len(l.Bias)
	r := float.Layer{Weights: make([]float32, len(l.Weights)), Bias: make([]float32, len(l.Bias))}
	for o, m := range l.Multiplier {
		unit := float64(m) * outScale
		r.Bias[o] = float32(float64(l.Bias[o]) * unit)
		for k, w := range l.Weights[o*depth:][:depth] {
			r.Weights[o*depth+k] = float32(float64(w) * unit / inScale)
		}
	}
	return r
}

// unfoldInput is the inverse of foldInput: conv1 reads (byte-mean)/std again.
func unfoldInput(l float.Layer, in model.Input) float.Layer {
	depth := len(l.Weights) / len(l.Bias)
	for o := range l.Bias {
		bias := float64(l.Bias[o])
		for k := range depth {
			w := &l.Weights[o*depth+k]
			bias += float64(float64(*w) * float64(in.Mean[k%3]))
			*w *= in.Std[k%3]
		}
		l.Bias[o] = float32(bias)
	}
	return l
}
