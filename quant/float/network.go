package float

import (
	"fmt"
	"math"

	"halfmeg/model"
)

// Network is a SqueezeNet in float32, as an importer returns it.
type Network struct {
	Topology model.Topology
	Input    model.Input
	Labels   []string // one per class, or none
	Source   model.Source
	Layers   []Layer // the convolutions, in the order of Graph.Convolutions
}

// Layer holds the parameters of one convolution.
type Layer struct {
	Weights []float32 // [out][kernel y][kernel x][in]
	Bias    []float32 // [out]
}

// Validate checks that shapes agree and that every value is finite.
func (n *Network) Validate() error {
	_, err := n.graph()
	return err
}

// graph validates the network and returns its graph.
func (n *Network) graph() (*model.Graph, error) {
	g, err := n.Topology.GraphFor(n.Input, n.Labels)
	if err != nil {
		return nil, err
	}
	for _, s := range g.Convolutions {
		if s.Layer >= len(n.Layers) {
			return nil, fmt.Errorf("%s: its parameters are missing", s.Name)
		}
		if err := n.Layers[s.Layer].validate(s); err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	if len(g.Convolutions) != len(n.Layers) {
		return nil, fmt.Errorf("%d layers of parameters for %d convolutions", len(n.Layers), len(g.Convolutions))
	}
	return g, nil
}

func (l Layer) validate(s model.Step) error {
	if len(l.Weights) != s.Weights() || len(l.Bias) != s.Out {
		return fmt.Errorf("has %d weights and %d biases, expected %d and %d", len(l.Weights), len(l.Bias), s.Weights(), s.Out)
	}
	if i := notFinite(l.Weights); i >= 0 {
		return fmt.Errorf("weight %d is %v", i, l.Weights[i])
	}
	if i := notFinite(l.Bias); i >= 0 {
		return fmt.Errorf("bias %d is %v", i, l.Bias[i])
	}
	return nil
}

// notFinite is the index of the first value that is NaN or infinite, or -1.
func notFinite(values []float32) int {
	for i, v := range values {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return i
		}
	}
	return -1
}
