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
	Layers   []Layer // the convolutions, in the order of Graph.Convolutions
}

// Layer holds one convolution's parameters.
type Layer struct {
	Weights []float32 // [out][kernel y][kernel x][in]
	Bias    []float32 // [out]
}

// Validate proves that the shapes agree and every value is finite.
func (n *Network) Validate() error {
	_, err := n.graph()
	return err
}

// graph validates the network and returns its graph.
func (n *Network) graph() (*model.Graph, error) {
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
		l := n.Layers[s.Layer]
		if len(l.Weights) != s.Weights() || len(l.Bias) != s.Out {
			return nil, fmt.Errorf("%s: has %d weights and %d biases, %d and %d are due", s.Name, len(l.Weights), len(l.Bias), s.Weights(), s.Out)
		}
		if i := notFinite(l.Weights); i >= 0 {
			return nil, fmt.Errorf("%s: weight %d is %v", s.Name, i, l.Weights[i])
		}
		if i := notFinite(l.Bias); i >= 0 {
			return nil, fmt.Errorf("%s: bias %d is %v", s.Name, i, l.Bias[i])
		}
	}
	if len(g.Convolutions) != len(n.Layers) {
		return nil, fmt.Errorf("%d layers of parameters for %d convolutions", len(n.Layers), len(g.Convolutions))
	}
	return g, nil
}

func notFinite(values []float32) int {
	for i, v := range values {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return i
		}
	}
	return -1
}
