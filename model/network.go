package model

import (
	"fmt"
	"math"
	"slices"
)

// Network is a quantized network: the content of a .sqz file and what an
// Engine runs. Activations are 8-bit codes 0…255, where 0 is a real zero.
// Weights are symmetric int8 with one scale per output channel.
type Network struct {
	Topology Topology
	Input    Input
	Labels   []string // one per class, or none
	Source   Source
	Layers   []Layer // the convolutions, in the order of Graph.Convolutions
}

// Layer holds one convolution's quantized parameters.
type Layer struct {
	// Weights has shape [out][kernel y][kernel x][in]. -128 never occurs.
	Weights []int8
	// Bias is the initial accumulator of an output channel for activations
	// that are codes 0…255; kernels that read codes minus 128 add 128 times the
	// sum of the channel's weights. The codes that conv1 reads are the bytes of
	// the picture: mean and standard deviation are folded into its parameters.
	Bias []int32
	// Multiplier converts an accumulator to the code of the output or, in the
	// head, the sum of accumulators over the map to the logit.
	Multiplier []float32
	// Scale is the real value of one output code. The engine needs it for a
	// bypass only. In the head it is 1, because logits are not rounded. The two
	// expands of a fire module have the same Scale.
	Scale float32
}

// Source is the origin of a network's weights.
type Source struct {
	Weights     string `json:"weights"`     // name of the weight file, without folders
	SHA256      string `json:"sha256"`      // of the weight file, in hexadecimal
	Format      string `json:"format"`      // of the weight file, such as "onnx"
	Calibration string `json:"calibration"` // description of the calibration pictures
	Tool        string `json:"tool"`        // program and version that wrote the file
}

// MaxWeight is the largest magnitude of a quantized weight.
const MaxWeight = 127

// Validate checks that the shapes agree, that multipliers and scales are
// finite and positive, and that no accumulator can overflow an int32.
func (n *Network) Validate() error {
	_, err := n.graph()
	return err
}

// graph validates the network and returns its graph.
func (n *Network) graph() (*Graph, error) {
	g, err := n.Topology.GraphFor(n.Input, n.Labels)
	if err != nil {
		return nil, err
	}
	for _, s := range g.Convolutions {
		if s.Layer >= len(n.Layers) {
			return nil, fmt.Errorf("%s: its parameters are missing", s.Name)
		}
		l := &n.Layers[s.Layer]
		if err := l.validate(s); err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		if other := n.Layers[g.Tensors[s.Output].Writers[0].Layer].Scale; l.Scale != other {
			return nil, fmt.Errorf("%s: activation scale %v, but the other half's is %v", s.Name, l.Scale, other)
		}
	}
	if len(g.Convolutions) != len(n.Layers) {
		return nil, fmt.Errorf("%d layers of parameters for %d convolutions", len(n.Layers), len(g.Convolutions))
	}
	return g, nil
}

// Scales returns the real value of one code of every tensor, in the order of
// Graph.Tensors. The picture's is 1.
func (n *Network) Scales(g *Graph) []float32 {
	scales := make([]float32, len(g.Tensors))
	scales[Picture] = 1
	for _, s := range g.Steps {
		if s.Kind == Pool {
			scales[s.Output] = scales[s.Input]
		} else {
			scales[s.Output] = n.Layers[s.Layer].Scale
		}
	}
	return scales
}

func (l *Layer) validate(s Step) error {
	if len(l.Weights) != s.Weights() || len(l.Bias) != s.Out || len(l.Multiplier) != s.Out {
		return fmt.Errorf("has %d weights, %d biases, %d multipliers, but needs %d, %d, %d",
			len(l.Weights), len(l.Bias), len(l.Multiplier), s.Weights(), s.Out, s.Out)
	}
	if !positive(255 * l.Scale) {
		return fmt.Errorf("activation scale %v: the largest activation, 255 times that, is not finite and positive", l.Scale)
	}
	depth := len(l.Weights) / s.Out
	for c := range s.Out {
		if !positive(l.Multiplier[c]) {
			return fmt.Errorf("channel %d: multiplier %v is not finite and positive", c, l.Multiplier[c])
		}
		sums := sumsOf(l.Weights[c*depth : (c+1)*depth])
		if sums.least < -MaxWeight {
			return fmt.Errorf("weight %d is -128; the smallest allowed is -127", slices.Index(l.Weights, math.MinInt8))
		}
		bound := sums.accumulatorBound(l.Bias[c])
		if bound > math.MaxInt32 {
			return fmt.Errorf("channel %d: its accumulator may reach %d and overflow an int32", c, bound)
		}
		if pixels := float64(s.OutSize * s.OutSize); s.Kind == Conv10 && float64(bound)*pixels*float64(l.Multiplier[c]) > math.MaxFloat32 {
			return fmt.Errorf("channel %d: with multiplier %v its logit may overflow a float32", c, l.Multiplier[c])
		}
	}
	if s.Kind == Conv10 && l.Scale != 1 {
		return fmt.Errorf("activation scale %v, but the head must have 1: logits are not rounded", l.Scale)
	}
	return nil
}

// AccumulatorBound is an upper bound of the magnitude that the accumulator of
// an output channel reaches at any time, whatever the order in which products
// are added, for activations that are codes 0…255 or codes minus 128.
func AccumulatorBound(weights []int8, bias int32) int64 {
	return sumsOf(weights).accumulatorBound(bias)
}

// sums summarizes the weights of an output channel for the checks.
type sums struct {
	all, negative int64 // sum of all weights, of the negative ones
	least         int64 // the smallest weight, at most 0
}

// sumsOf has no branches: it sees every weight when a file is loaded.
func sumsOf(weights []int8) (s sums) {
	for _, weight := range weights {
		w := int64(weight)
		s.all += w
		s.negative += w & (w >> 63)
		s.least = min(s.least, w)
	}
	return s
}

func (s sums) accumulatorBound(bias int32) int64 {
	magnitude := s.all - 2*s.negative
	folded := int64(bias) + 128*s.all
	return max(abs(int64(bias))+255*magnitude, abs(folded)+128*magnitude)
}

func abs(v int64) int64 { return max(v, -v) }

func positive(v float32) bool { return v > 0 && v <= math.MaxFloat32 }
