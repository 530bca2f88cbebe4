package importer

import (
	"fmt"
	"slices"

	"halfmeg/model"
	"halfmeg/quant/float"
)

// builder makes a network of what a file says, what was asked for and, where
// both are silent, of convention, which it notes down.
type builder struct {
	file    *contents
	want    *choices
	found   *layout
	style   style
	assumed []string
}

// build makes the network. fileSize bounds the parameters: tensors that share
// their bytes could otherwise multiply them.
func build(c *contents, want *choices, fileSize int) (*Loaded, error) {
	l, err := c.layout()
	if err != nil {
		return nil, err
	}
	b := &builder{file: c, want: want, found: l}
	style, recipe := b.tradition()
	b.style = style
	t, err := b.topology()
	if err != nil {
		return nil, err
	}
	n := &float.Network{Labels: want.labels}
	n.Input, recipe = b.input(t.Size, recipe)
	if t, err = b.rounding(t); err != nil {
		return nil, err
	}
	if n.Topology = t; n.Topology.Name == "" {
		n.Topology.Name = b.name(t)
	}
	if n.Layers, err = b.layers(t, fileSize); err != nil {
		return nil, err
	}
	if err := n.Validate(); err != nil {
		return nil, err
	}
	return &Loaded{Network: n, Format: c.format, Recipe: recipe, Assumed: b.assumed}, nil
}

// assume notes a fact taken by convention, or worth a look, and its flag.
func (b *builder) assume(flag, format string, args ...any) {
	b.assumed = append(b.assumed, fmt.Sprintf(format, args...)+" ("+flag+")")
}

// layers reads the parameters, each convolution checked against its step.
func (b *builder) layers(t model.Topology, fileSize int) ([]float.Layer, error) {
	g, err := t.Graph()
	if err != nil {
		return nil, err
	}
	convs := b.found.convs()
	if len(g.Convolutions) != len(convs) {
		return nil, fmt.Errorf("has %d fire modules, the topology %d", len(b.found.fires), len(t.Fires))
	}
	limit, total := fileSize, 0
	if b.file.format == formatNet {
		limit *= netExpansion
	}
	for i, s := range g.Convolutions {
		if err := convs[i].check(s); err != nil {
			return nil, err
		}
		if total += s.Weights(); total > limit {
			return nil, fmt.Errorf("%s: claims %d weights so far, more than %d bytes can hold", s.Name, total, fileSize)
		}
	}
	layers := make([]float.Layer, len(g.Convolutions))
	for i, s := range g.Convolutions {
		if layers[i], err = convs[i].read(s); err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	return layers, nil
}

// check proves that a convolution's tensors have the shapes that are due.
func (c *conv) check(s model.Step) error {
	if due := []int{s.Out, s.In, s.Kernel, s.Kernel}; !slices.Equal(c.weights.shape, due) {
		return fmt.Errorf("%s: %s: the shape should be %s", s.Name, c.weights, dimensions(due))
	}
	if c.bias != nil && c.bias.count() != s.Out {
		return fmt.Errorf("%s: %s: the shape should be %d", s.Name, c.bias, s.Out)
	}
	return nil
}

// read reads the parameters and turns the weights from the files' order
// [out][in][y][x] to ours, [out][y][x][in].
func (c *conv) read(s model.Step) (float.Layer, error) {
	from, err := c.weights.values()
	if err != nil {
		return float.Layer{}, err
	}
	l := float.Layer{Weights: make([]float32, len(from)), Bias: make([]float32, s.Out)}
	area := s.Kernel * s.Kernel
	for o := range s.Out {
		base := o * s.In * area
		for i := range s.In {
			for p := range area {
				l.Weights[base+p*s.In+i] = from[base+i*area+p]
			}
		}
	}
	if c.bias != nil {
		l.Bias, err = c.bias.values()
	}
	return l, err
}
