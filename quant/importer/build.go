package importer

import (
	"fmt"
	"slices"

	"halfmeg/model"
	"halfmeg/quant/float"
)

// builder makes a network. User options override the file; anything missing is
// filled in by convention and noted in assumed.
type builder struct {
	file      *file
	opts      *overrides
	found     *layout
	framework framework
	assumed   []string
}

// build makes the network. fileSize bounds the number of parameters: tensors
// that share their bytes could otherwise claim any number of them.
func build(f *file, opts *overrides, fileSize int) (*Loaded, error) {
	l, err := f.layout()
	if err != nil {
		return nil, err
	}
	b := &builder{file: f, opts: opts, found: l, assumed: slices.Clone(f.assumed)}
	b.framework = b.inferFramework()
	t, err := b.topology()
	if err != nil {
		return nil, err
	}
	n := &float.Network{}
	n.Input = b.input(t.Size)
	if t, err = b.poolRounding(t); err != nil {
		return nil, err
	}
	if err := b.checkAverage(t); err != nil {
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
	return &Loaded{Network: n, Format: f.format, Graph: l.complete, Assumed: b.assumed, Read: slices.Concat(f.read, l.read)}, nil
}

// assume notes a fact that is an assumption or deserves a check, with the flag
// that overrides it.
func (b *builder) assume(flag, format string, args ...any) {
	b.assumed = append(b.assumed, fmt.Sprintf(format, args...)+" ("+flag+")")
}

// layers checks every convolution against its step, then reads the parameters.
func (b *builder) layers(t model.Topology, fileSize int) ([]float.Layer, error) {
	g, err := t.Graph()
	if err != nil {
		return nil, err
	}
	convs := b.found.convs()
	if len(g.Convolutions) != len(convs) {
		return nil, fmt.Errorf("the file has %d fire modules, the topology %d", len(b.found.fires), len(t.Fires))
	}
	limit, total := fileSize, 0
	if b.file.format == formatDeepCompression {
		limit *= weightsPerByte
	}
	for i, s := range g.Convolutions {
		if err := convs[i].check(s); err != nil {
			return nil, err
		}
		if total += s.Weights(); total > limit {
			return nil, fmt.Errorf("%s: the layers up to here claim %d weights, more than a file of %d bytes can hold", s.Name, total, fileSize)
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

// check verifies that a convolution's tensors have the shapes of its step.
func (c *conv) check(s model.Step) error {
	if want := []int{s.Out, s.In, s.Kernel, s.Kernel}; !slices.Equal(c.weights.shape, want) {
		return fmt.Errorf("%s: %s: the shape should be %s", s.Name, c.weights, dimensions(want))
	}
	if c.bias != nil && c.bias.count() != s.Out {
		return fmt.Errorf("%s: %s: the shape should be %d", s.Name, c.bias, s.Out)
	}
	for i := range c.affines {
		if err := c.affines[i].check(s.Out); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	return nil
}

// read reads the parameters, folds the affines and permutes the weights from the
// files' order [out][in][y][x] to the engine's, [out][y][x][in].
func (c *conv) read(s model.Step) (float.Layer, error) {
	values, err := c.weights.values()
	if err != nil {
		return float.Layer{}, err
	}
	l := float.Layer{Weights: make([]float32, len(values)), Bias: make([]float32, s.Out)}
	if c.bias != nil {
		bias, err := c.bias.values()
		if err != nil {
			return float.Layer{}, err
		}
		copy(l.Bias, bias)
	}
	if err := fold(c.affines, values, l.Bias); err != nil {
		return float.Layer{}, err
	}
	area := s.Kernel * s.Kernel
	for o := range s.Out {
		base := o * s.In * area
		for i := range s.In {
			for p := range area {
				l.Weights[base+p*s.In+i] = values[base+i*area+p]
			}
		}
	}
	return l, nil
}
