package model

import (
	"fmt"
	"math"
	"slices"
)

// Network is a quantized network: all that a .sqz file holds and all that
// an Engine needs. Activations are 8-bit codes 0…255 (0 is a real zero),
// weights are symmetric int8 with one scale for each output channel.
type Network struct {
	Topology Topology
	Input    Input
	Labels   []string // one a class, or none
	Source   Source
	Layers   []Layer // the convolutions, in the order of Graph.Convolutions
}

// Layer holds one convolution's quantized parameters.
type Layer struct {
	// Weights has shape [out][kernel y][kernel x][in]. -128 never occurs.
	Weights []int8
	// Bias is what an output channel's accumulator starts from when the
	// activations are codes 0…255; kernels that read codes minus 128 add
	// 128 times the sum of the channel's weights. The same for conv1, whose
	// codes are the picture's bytes (mean and scale are folded in).
	Bias []int32
	// Multiplier takes an accumulator to the output: to the code of the next
	// activation or, in the head, from the sum over the map to the logit.
	Multiplier []float32
	// Scale is the real value of one output code, for people's eyes and for a
	// bypass; in the head it is 1, for logits are not rounded. The two
	// expands of a fire module have the same Scale.
	Scale float32
}

// Source says where a network's weights came from.
type Source struct {
	Weights     string `json:"weights"`     // the weight file's name, without folders
	SHA256      string `json:"sha256"`      // of the weight file
	Format      string `json:"format"`      // what the file was recognised as, e.g. "onnx"
	Calibration string `json:"calibration"` // the pictures it was calibrated on, in words
	Tool        string `json:"tool"`        // program and version that wrote the file
}

// MaxWeight is the largest magnitude of a quantized weight.
const MaxWeight = 127

// Validate proves that the network is whole: the shapes agree, multipliers
// are finite and positive, and no accumulator can leave an int32.
func (n *Network) Validate() error {
	_, err := n.graph()
	return err
}

// graph validates the network and returns its graph.
func (n *Network) graph() (*Graph, error) {
	g, err := n.Topology.Graph()
	if err != nil {
		return nil, err
	}
	if err := n.Input.Validate(); err != nil {
		return nil, err
	}
	if n.Input.Size != n.Topology.Size {
		return nil, fmt.Errorf("input side %d, but the topology's is %d", n.Input.Size, n.Topology.Size)
	}
	if len(n.Labels) != 0 && len(n.Labels) != n.Topology.Head.Classes {
		return nil, fmt.Errorf("%d labels for %d classes", len(n.Labels), n.Topology.Head.Classes)
	}
	for _, s := range g.Convolutions {
		if s.Layer >= len(n.Layers) {
			return nil, fmt.Errorf("%s: its parameters are missing", s.Name)
		}
		l := &n.Layers[s.Layer]
		if err := l.validate(s); err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		if other := n.Layers[g.Tensors[s.Writes].Writers[0].Layer].Scale; l.Scale != other {
			return nil, fmt.Errorf("%s: activation scale %v, but the other half's is %v", s.Name, l.Scale, other)
		}
	}
	if len(g.Convolutions) != len(n.Layers) {
		return nil, fmt.Errorf("%d layers of parameters for %d convolutions", len(n.Layers), len(g.Convolutions))
	}
	return g, nil
}

// Scales returns the real value of one code of each tensor of the network's
// graph. The picture's is 1.
func (n *Network) Scales(g *Graph) []float32 {
	scales := make([]float32, len(g.Tensors))
	scales[Picture] = 1
	for _, s := range g.Steps {
		if s.Kind == Pool {
			scales[s.Writes] = scales[s.Reads]
		} else {
			scales[s.Writes] = n.Layers[s.Layer].Scale
		}
	}
	return scales
}

func (l *Layer) validate(s Step) error {
	if len(l.Weights) != s.Weights() || len(l.Bias) != s.Out || len(l.Multiplier) != s.Out {
		return fmt.Errorf("has %d weights, %d biases, %d multipliers; %d, %d, %d are due",
			len(l.Weights), len(l.Bias), len(l.Multiplier), s.Weights(), s.Out, s.Out)
	}
	if !positive(255 * l.Scale) {
		return fmt.Errorf("activation scale %v: the largest activation is not finite and positive", l.Scale)
	}
	each := len(l.Weights) / s.Out
	for c := range s.Out {
		if !positive(l.Multiplier[c]) {
			return fmt.Errorf("channel %d: multiplier %v is not finite and positive", c, l.Multiplier[c])
		}
		sums := sumsOf(l.Weights[c*each : (c+1)*each])
		if sums.least < -MaxWeight {
			return fmt.Errorf("weight %d is -128, which never occurs", slices.Index(l.Weights, math.MinInt8))
		}
		bound := sums.accumulatorBound(l.Bias[c])
		if bound > math.MaxInt32 {
			return fmt.Errorf("channel %d: its accumulator may reach %d, beyond an int32", c, bound)
		}
		if pixels := float64(s.OutSize * s.OutSize); s.Kind == Conv10 && float64(bound)*pixels*float64(l.Multiplier[c]) > math.MaxFloat32 {
			return fmt.Errorf("channel %d: with multiplier %v its logit may leave a float32", c, l.Multiplier[c])
		}
	}
	if s.Kind == Conv10 && l.Scale != 1 {
		return fmt.Errorf("activation scale %v, but logits are not rounded: 1 is due", l.Scale)
	}
	return nil
}

// AccumulatorBound is more than an accumulator of this channel can reach in
// magnitude on its way, in whichever order the products are added and
// whether they are of codes 0…255 or of codes minus 128.
func AccumulatorBound(weights []int8, bias int32) int64 {
	return sumsOf(weights).accumulatorBound(bias)
}

// sums are what the checks need to know of a channel's weights.
type sums struct {
	all, negative int64 // of all weights, of the negative ones
	least         int64 // the least weight, or 0
}

// sumsOf goes through the weights once and without a branch: every file that
// is read comes through here.
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
