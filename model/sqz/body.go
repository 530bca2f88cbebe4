package sqz

import (
	"fmt"
	"math"

	"halfmeg/model"
)

// Limits of what a file may hold, checked before memory is taken.
const (
	// maxWeights is the largest number of weights, all layers together: a
	// dozen times as many as SqueezeNet has.
	maxWeights = 1 << 24
	// maxText is the largest number of bytes of all names and labels together.
	maxText = 1 << 20
	// maxList is the largest number of fire modules, and of pools.
	maxList = 1 << 10
)

// body carries a network through a coder, in either direction.
type body struct {
	coder
	integers   numberModel
	texts      *textModel
	textLeft   int // bytes of text still allowed
	filters    *weightModel
	parameters parameterModel

	part  string // where the coder is, for errors
	bytes *int   // where that part's bytes are counted
	begin int    // the part's first byte
}

func newBody(c coder) *body {
	return &body{coder: c, texts: newTextModel(), filters: newWeightModel(), textLeft: maxText}
}

// network carries all of a network, in the order of the file, and counts the
// bytes of each part. When reading, n is empty at first; when writing,
// nothing that n points to is changed.
func (b *body) network(n *model.Network) Sizes {
	var size Sizes
	b.enter("header", &size.Header)
	b.topology(&n.Topology)
	steps := b.convolutions(n.Topology)
	b.input(&n.Input)
	b.source(&n.Source)
	b.enter("labels", &size.Labels)
	n.Labels = b.labels(n.Labels, n.Topology.Head.Classes)
	n.Layers, size.Layers = b.layers(n.Layers, steps)
	b.enter("end", nil)
	return size
}

// enter begins a part of the file, whose bytes are to be added to *bytes,
// and ends the part before. If that went wrong, it remains the current one.
func (b *body) enter(part string, bytes *int) {
	if b.err() != nil {
		return
	}
	if pos := b.pos(); b.bytes != nil {
		*b.bytes += pos - b.begin
		b.begin = pos
	}
	b.part, b.bytes = part, bytes
}

// topology carries the description of the network.
func (b *body) topology(t *model.Topology) {
	t.Name = b.text(t.Name)
	b.integer(&t.Size)
	b.integer(&t.Conv1.Filters)
	b.integer(&t.Conv1.Kernel)
	b.integer(&t.Conv1.Stride)
	b.integer(&t.Conv1.Pad)
	t.Fires = list(b, t.Fires, b.fire)
	t.PoolAfter = list(b, t.PoolAfter, b.integer)
	b.flag(&t.PoolCeil)
	b.integer(&t.Head.Classes)
	b.integer(&t.Head.Pad)
}

func (b *body) fire(f *model.Fire) {
	b.integer(&f.S1x1)
	b.integer(&f.E1x1)
	b.integer(&f.E3x3)
	b.flag(&f.Bypass)
}

// convolutions lists the convolutions of a topology, if it describes a
// network of acceptable size.
func (b *body) convolutions(t model.Topology) []model.Step {
	if b.err() != nil {
		return nil
	}
	g, err := t.Graph()
	if err != nil {
		b.fail(err)
		return nil
	}
	weights := 0
	for _, s := range g.Convolutions {
		weights += s.Weights()
	}
	if weights > maxWeights {
		b.fail(fmt.Errorf("%d weights, at most %d are supported", weights, maxWeights))
		return nil
	}
	return g.Convolutions
}

func (b *body) input(in *model.Input) {
	b.integer(&in.Size)
	in.Order = model.Order(b.raw(uint32(in.Order), 8))
	for i := range in.Mean {
		b.float(&in.Mean[i])
	}
	for i := range in.Std {
		b.float(&in.Std[i])
	}
	in.Fit = model.Fit(b.raw(uint32(in.Fit), 8))
	b.integer(&in.Resize)
}

func (b *body) source(s *model.Source) {
	for _, text := range []*string{&s.Weights, &s.SHA256, &s.Format, &s.Calibration, &s.Tool} {
		*text = b.text(*text)
	}
}

// labels carries one label a class, or none.
func (b *body) labels(labels []string, classes int) []string {
	some := len(labels) != 0
	b.flag(&some)
	if !some {
		return nil
	}
	return series(b, labels, classes, func(_ int, label string) string { return b.text(label) })
}

// layers carries the convolutions, and counts the bytes of each.
func (b *body) layers(layers []model.Layer, steps []model.Step) ([]model.Layer, []LayerSize) {
	out, sizes := make([]model.Layer, len(steps)), make([]LayerSize, len(steps))
	copy(out, layers)
	for i, s := range steps {
		sizes[i].Name = s.Name
		b.enter(s.Name, &sizes[i].Parameters)
		b.float(&out[i].Scale)
		b.enter(s.Name, &sizes[i].Weights)
		out[i].Weights = b.weights(b.filters, s, out[i].Weights)
		b.enter(s.Name, &sizes[i].Parameters)
		out[i].Bias = b.parameters.codeBiases(b, out[i].Bias, s.Out)
		out[i].Multiplier = b.parameters.codeMultipliers(b, out[i].Multiplier, b.filters.totals)
		if b.err() != nil {
			break
		}
	}
	return out, sizes
}

// integer carries a number of the header.
func (b *body) integer(v *int) {
	if int(int32(*v)) != *v {
		b.fail(fmt.Errorf("%d is beyond 32 bits", *v))
	}
	*v = int(b.integers.signed(b, int32(*v)))
}

func (b *body) flag(v *bool) {
	bit := uint32(0)
	if *v {
		bit = 1
	}
	*v = b.raw(bit, 1) == 1
}

func (b *body) float(v *float32) {
	*v = math.Float32frombits(b.raw(math.Float32bits(*v), 32))
}

func (b *body) text(s string) string {
	s = b.texts.text(b.coder, s, b.textLeft)
	b.textLeft -= len(s)
	return s
}

// list carries a short list and its length.
func list[T any](b *body, v []T, item func(*T)) []T {
	count := len(v)
	b.integer(&count)
	if count < 0 || count > maxList {
		b.fail(fmt.Errorf("a list of %d, at most %d are supported", count, maxList))
		return nil
	}
	return series(b, v, count, func(_ int, x T) T {
		item(&x)
		return x
	})
}

// series codes count values one by one and stops as soon as something is
// wrong: no file gets more memory than its bytes can account for.
func series[T any](c coder, v []T, count int, code func(int, T) T) []T {
	var out []T
	for i := range count {
		var x T
		if i < len(v) {
			x = v[i]
		}
		x = code(i, x)
		if c.err() != nil {
			return nil
		}
		out = append(out, x)
	}
	return out
}
