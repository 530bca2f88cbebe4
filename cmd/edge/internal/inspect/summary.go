// Package inspect describes a .sqz file in figures: what each layer of its
// network does, how large it is and what it costs.
package inspect

import (
	"halfmeg/model"
	"halfmeg/model/sqz"
)

// Summary describes a .sqz file and the network in it.
type Summary struct {
	Topology    model.Topology `json:"topology"`
	Input       model.Input    `json:"input"`
	Source      model.Source   `json:"source"`
	Layers      []Layer        `json:"layers"`
	MACs        int            `json:"macs"`       // multiply-accumulates a frame
	Parameters  int            `json:"parameters"` // weights and biases
	Labels      int            `json:"labels"`     // class names in the file
	Bytes       int            `json:"bytes"`      // of the whole file
	LabelBytes  int            `json:"label_bytes"`
	HeaderBytes int            `json:"header_bytes"` // whatever is neither labels nor layers
	Warnings    []string       `json:"warnings,omitempty"`
}

// Layer describes a convolution or a pool; a pool has shapes alone. Shapes
// are [height, width, channels].
type Layer struct {
	Name    string  `json:"name"`
	In      [3]int  `json:"in"`
	Out     [3]int  `json:"out"`
	Kernel  int     `json:"kernel"`
	Stride  int     `json:"stride"`
	MACs    int     `json:"macs"`
	Weights int     `json:"weights"`
	Zeros   int     `json:"zeros"`   // weights that are 0
	Largest int     `json:"largest"` // largest |w|, at most 127
	Bytes   int     `json:"bytes"`   // in the file: weights, biases, multipliers, scale
	Range   float32 `json:"range"`   // the real value of the largest activation code; 0 where there is none
}

// Of describes the .sqz file with these bytes.
func Of(file []byte) (Summary, error) {
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
			layer.Range = 0 // logits are not rounded to codes
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

// describe adds what only a convolution has.
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
