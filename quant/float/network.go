// Package float is the float32 network that the int8 one is made from and
// judged by: its parameters, a plain forward pass and the matrix products
// under it. Results do not depend on the machine or the number of workers:
// every sum is taken in one fixed order and no product is fused with its sum.
package float

import (
	"fmt"
	"math"

	"halfmeg/model"
)

// Network is a SqueezeNet in float32, as an importer delivers it.
type Network struct {
	Topology model.Topology
	Input    model.Input
	Labels   []string // one a class, or none
	Source   model.Source
	Layers   []Layer // the convolutions, in the order of Topology.Steps
}

// Layer holds one convolution's parameters.
type Layer struct {
	Weights []float32 // [out][kernel y][kernel x][in]
	Bias    []float32 // [out]
}

// Validate proves that the shapes agree and every value is finite.
func (n *Network) Validate() error {
	steps, err := n.Topology.Steps()
	if err != nil {
		return err
	}
	if err := n.Input.Validate(); err != nil {
		return err
	}
	if n.Input.Size != n.Topology.Size {
		return fmt.Errorf("input side %d, but the topology's is %d", n.Input.Size, n.Topology.Size)
	}
	if len(n.Labels) != 0 && len(n.Labels) != n.Topology.Head.Classes {
		return fmt.Errorf("%d labels for %d classes", len(n.Labels), n.Topology.Head.Classes)
	}
	convolutions := 0
	for _, s := range steps {
		if s.Kind == model.Pool {
			continue
		}
		convolutions++
		if s.Layer >= len(n.Layers) {
			return fmt.Errorf("%s: its parameters are missing", s.Name)
		}
		l := n.Layers[s.Layer]
		if len(l.Weights) != s.Weights() || len(l.Bias) != s.Out {
			return fmt.Errorf("%s: has %d weights and %d biases, %d and %d are due", s.Name, len(l.Weights), len(l.Bias), s.Weights(), s.Out)
		}
		if i := notFinite(l.Weights); i >= 0 {
			return fmt.Errorf("%s: weight %d is %v", s.Name, i, l.Weights[i])
		}
		if i := notFinite(l.Bias); i >= 0 {
			return fmt.Errorf("%s: bias %d is %v", s.Name, i, l.Bias[i])
		}
	}
	if convolutions != len(n.Layers) {
		return fmt.Errorf("%d layers of parameters for %d convolutions", len(n.Layers), convolutions)
	}
	return nil
}

func notFinite(values []float32) int {
	for i, v := range values {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return i
		}
	}
	return -1
}
