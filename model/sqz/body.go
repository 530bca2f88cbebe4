package sqz

import (
	"fmt"
	"math"

	"halfmeg/model"
)

// Limits of a file, checked before memory is allocated.
const (
	maxWeights = 1 << 24 // all layers together; SqueezeNet has 1.2 million
	maxText    = 1 << 20 // bytes of all names and labels together
	maxList    = 1 << 10 // fire modules; pools
)

// Sizes says how the bytes of a file divide into its parts. Parts do not begin
// at whole bytes, so each size may be off by a few; they add up to Total.
type Sizes struct {
	Frame  int // magic, version, length, checksum
	Header int // topology, input, source
	Labels int
	Layers []LayerSize // in the order of model.Network.Layers
	Total  int
}

// LayerSize is the size of a convolution in bytes.
type LayerSize struct {
	Name       string // of the step, e.g. "fire2/squeeze1x1"
	Parameters int    // biases, multipliers, scale
	Weights    int
}

// body codes a network, in the direction of its coder.
type body struct {
	coder
	version    uint32
	integers   numberModel
	texts      *textModel
	textLeft   int // bytes of text still allowed
	filters    *weightModel
	parameters parameterModel

	part  string // current part, for errors
	bytes *int   // counts the bytes of the current part
	begin int    // position of the current part
}

func newBody(c coder, version uint32) *body {
	return &body{coder: c, version: version, texts: newTextModel(), filters: newWeightModel(), textLeft: maxText}
}

// network codes a network, in the order of the file, and counts the bytes of
// each part. A reader fills in an empty n; a writer does not modify what n
// points to.
func (b *body) network(n *model.Network) Sizes {
	var sizes Sizes
	b.enter("header", &sizes.Header)
	b.topology(&n.Topology)
	steps := b.convolutions(n.Topology)
	b.input(&n.Input)
	b.source(&n.Source)
	b.enter("labels", &sizes.Labels)
	n.Labels = b.labels(n.Labels, n.Topology.Head.Classes)
	n.Layers, sizes.Layers = b.layers(n.Layers, steps)
	b.enter("end", nil)
	return sizes
}

// enter ends the current part and begins another, whose size is added to
// *bytes. After an error the part stays the one that failed.
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
	if b.version >= versionLinear {
		b.flag(&t.Head.Linear)
	}
}

func (b *body) fire(f *model.Fire) {
	b.integer(&f.S1x1)
	b.integer(&f.E1x1)
	b.integer(&f.E3x3)
	b.flag(&f.Bypass)
}

// convolutions returns the convolutions of a topology. It fails if the topology
// is invalid or has too many weights.
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

// labels codes one label per class, or none.
func (b *body) labels(labels []string, classes int) []string {
	some := len(labels) != 0
	b.flag(&some)
	if !some {
		return nil
	}
	return series(b, labels, classes, func(_ int, label string) string { return b.text(label) })
}

// layers codes the convolutions and counts the bytes of each.
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
		out[i].Multiplier = b.parameters.codeMultipliers(b, out[i].Multiplier, b.filters.filterSums)
		if b.err() != nil {
			break
		}
	}
	return out, sizes
}

func (b *body) integer(v *int) {
	if int(int32(*v)) != *v {
		b.fail(fmt.Errorf("%d does not fit in 32 bits", *v))
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

// list codes the length of a list and its items.
func list[T any](b *body, v []T, item func(*T)) []T {
	count := len(v)
	b.integer(&count)
	if count < 0 || count > maxList {
		b.fail(fmt.Errorf("a list of %d items, at most %d are supported", count, maxList))
		return nil
	}
	return series(b, v, count, func(_ int, x T) T {
		item(&x)
		return x
	})
}
