// Package inspect summarises a .sqz file: the shapes, operations, weights and
// bytes of each layer of its network.
package inspect

import (
	"halfmeg/model"
	"halfmeg/model/sqz"
)

// Summary summarises a .sqz file and its network.
type Summary struct {
	Topology    model.Topology `json:"topology"`
	Input       model.Input    `json:"input"`
	Source      model.Source   `json:"source"`
	Layers      []Layer        `json:"layers"`
	MACs        int64          `json:"macs"`       // multiply-accumulates per frame
	Parameters  int            `json:"parameters"` // weights and biases
	Labels      int            `json:"labels"`     // number of class names
	Bytes       int            `json:"bytes"`      // of the whole file
	LabelBytes  int            `json:"label_bytes"`
	HeaderBytes int            `json:"header_bytes"` // all that is neither labels nor layers
	Warnings    []string       `json:"warnings,omitempty"`
}

// Layer summarises a convolution or a pool, which has only shapes. Shapes are
// [height, width, channels].
type Layer struct {
	Name    string  `json:"name"`
	In      [3]int  `json:"in"`
	Out     [3]int  `json:"out"`
	Kernel  int     `json:"kernel"`
	Stride  int     `json:"stride"`
	MACs    int64   `json:"macs"`
	Weights int     `json:"weights"`
	Zeros   int     `json:"zeros"`   // weights that are 0
	Largest int     `json:"largest"` // largest |w|, at most 127
	Bytes   int     `json:"bytes"`   // in the file: weights, biases, multipliers, scale
	Range   float32 `json:"range"`   // real value of the activation code 255; 0 if there are no activation codes
}

// Summarize decodes a .sqz file and summarises it.
func Summarize(file []byte) (Summary, error) {
	n, sizes, err := sqz.DecodeSizes(file)
	if err != nil {
		return Summary{}, err
	}
	g, err := n.Topology.Graph()
	if err != nil {
		return Summary{}, err
	}
	s := Summary{
		Topology:    n.Topology,
		Input:       n.Input,
		Source:      n.Source,
		Labels:      len(n.Labels),
		Bytes:       sizes.Total,
		LabelBytes:  sizes.Labels,
		HeaderBytes: sizes.Frame + sizes.Header,
		Warnings:    n.Topology.Warnings(),
	}
	for _, step := range g.Steps {
		layer := shapes(step)
		if step.Kind != model.Pool {
			layer.describe(n.Layers[step.Layer], sizes.Layers[step.Layer])
			s.Parameters += layer.Weights + step.Out
		}
		if step.Kind == model.Conv10 {
			layer.Range = 0 // logits are not quantized
		}
		s.MACs += layer.MACs
		s.Layers = append(s.Layers, layer)
	}
	return s, nil
}

func shapes(s model.Step) Layer {
	return Layer{
		Name:    s.Name,
		In:      [3]int{s.InSize, s.InSize, s.In},
		Out:     [3]int{s.OutSize, s.OutSize, s.Out},
		Kernel:  s.Kernel,
		Stride:  s.Stride,
		MACs:    s.MACs(),
		Weights: s.Weights(),
	}
}

// describe fills in what only convolutions have.
func (l *Layer) describe(parameters model.Layer, size sqz.LayerSize) {
	for _, w := range parameters.Weights {
		if w == 0 {
			l.Zeros++
		}
		l.Largest = max(l.Largest, int(w), -int(w))
	}
	l.Bytes = size.Parameters + size.Weights
	l.Range = 255 * parameters.Scale
}
