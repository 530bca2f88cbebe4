package importer

import (
	"fmt"
	"reflect"
	"slices"

	"halfmeg/model"
)

// topology works the network's shape out: from the graph, from -topology, or
// from the parameters' shapes where only one known network has them.
func (b *builder) topology() (model.Topology, error) {
	var t model.Topology
	var err error
	switch asked := b.want.topology; {
	case b.found.complete:
		if t, err = b.found.describe(); err == nil && asked != nil {
			t, err = b.agree(t, *asked)
		}
	case asked != nil:
		t = *asked
		if b.want.named {
			t.Head.Pad, t.Name = b.headPad(t), ""
		}
	default:
		t, err = b.infer()
	}
	if err != nil {
		return t, err
	}
	if t.Head.Classes == 0 || b.want.named {
		t.Head.Classes = b.found.head.out()
	}
	t.Size = b.size()
	return t, nil
}

// describe reads the topology off a graph.
func (l *layout) describe() (model.Topology, error) {
	var t model.Topology
	stem, head := l.conv1.window, l.head.window
	t.Conv1 = model.Stem{Filters: l.conv1.out(), Kernel: stem.kernel, Stride: stem.stride, Pad: stem.pad[0]}
	t.Head = model.Head{Classes: l.head.out(), Pad: head.pad[0]}
	t.PoolAfter = l.poolAfter
	if err := l.conv1.expect(stem.kernel, stem.stride, stem.pad[0]); err != nil {
		return t, err
	}
	for _, f := range l.fires {
		for _, err := range []error{f.squeeze.expect(1, 1, 0), f.expand1x1.expect(1, 1, 0), f.expand3x3.expect(3, 1, 1)} {
			if err != nil {
				return t, err
			}
		}
	}
	t.Fires = l.dimensions()
	return t, l.head.expect(1, 1, head.pad[0])
}

// expect proves that a convolution of a graph has the window it should.
func (c *conv) expect(kernel, stride, pad int) error {
	if due := (window{kernel, stride, [4]int{pad, pad, pad, pad}}); c.window != due {
		return fmt.Errorf("layer %q: kernel %d, stride %d, padding %v; its place asks for kernel %d, stride %d, padding %d",
			c.name, c.window.kernel, c.window.stride, c.window.pad, kernel, stride, pad)
	}
	return nil
}

// dimensions are the fire modules' in the paper's terms.
func (l *layout) dimensions() []model.Fire {
	fires := make([]model.Fire, len(l.fires))
	for i, f := range l.fires {
		fires[i] = model.Fire{S1x1: f.squeeze.out(), E1x1: f.expand1x1.out(), E3x3: f.expand3x3.out(), Bypass: f.bypass}
	}
	return fires
}

// agree holds a graph against what was asked for, and takes from the latter
// what a graph cannot say.
func (b *builder) agree(graph, asked model.Topology) (model.Topology, error) {
	t := asked
	t.Name, t.Size, t.PoolCeil = "", 0, false // a graph says none of these, or not surely
	if b.want.named {
		t.Head = graph.Head
	}
	if t.Head.Classes == 0 {
		t.Head.Classes = graph.Head.Classes
	}
	if !reflect.DeepEqual(t, graph) {
		return t, fmt.Errorf("the file's graph is another network than -topology describes: %+v, not %+v; leave the flag out", graph, t)
	}
	if !b.want.named {
		t.Name = asked.Name
	}
	return t, nil
}

// infer recognises v1.0 and v1.1 by conv1 and the number of fire modules,
// whose dimensions may be others.
func (b *builder) infer() (model.Topology, error) {
	l := b.found
	for _, t := range []model.Topology{model.V10(), model.V11()} {
		if l.conv1.out() != t.Conv1.Filters || l.conv1.side() != t.Conv1.Kernel || len(l.fires) != len(t.Fires) {
			continue
		}
		if l.poolGaps != nil && !slices.Equal(l.poolGaps, t.PoolAfter) {
			return t, fmt.Errorf("conv1 is that of %s, but the layers' numbers leave room for pools after %v, not %v: "+
				"describe the network with -topology FILE; found: %s", t.Name, l.poolGaps, t.PoolAfter, l)
		}
		b.assume("-topology", "strides, pools after layers %v and no bypass, as in %s, whose conv1 it has", t.PoolAfter, t.Name)
		t.Fires, t.Head = l.dimensions(), model.Head{Pad: b.headPad(t)}
		t.Name = ""
		return t, nil
	}
	return model.Topology{}, fmt.Errorf("the file carries no strides, paddings and pools, and its shapes are not those of v1.0 or v1.1: "+
		"describe the network with -topology FILE; found: %s", l)
}

// headPad is the last convolution's padding by tradition: Caffe's v1.0 has 1,
// torchvision's none.
func (b *builder) headPad(t model.Topology) int {
	if t.Head.Pad == 0 || b.style == caffe {
		return t.Head.Pad
	}
	b.assume("-topology", "%s without padding, as torchvision has it", t.HeadName())
	return 0
}

// name is "v1.0" or "v1.1" where the network is that but for its input,
// rounding and head.
func (b *builder) name(t model.Topology) string {
	for _, known := range []model.Topology{model.V10(), model.V11()} {
		if known.Conv1 == t.Conv1 && slices.Equal(known.Fires, t.Fires) && slices.Equal(known.PoolAfter, t.PoolAfter) {
			return known.Name
		}
	}
	return "custom"
}

// rounding settles whether pools round up. A graph that does not say so does
// not prove the opposite, for most exporters lose it; the family rounds up.
func (b *builder) rounding(t model.Topology) (model.Topology, error) {
	switch {
	case b.want.ceil != nil:
		t.PoolCeil = *b.want.ceil
		return t, nil
	case !b.found.complete && b.style == caffe:
		t.PoolCeil = true // Caffe knows no other way
		return t, nil
	}
	t.PoolCeil = true
	down := t
	down.PoolCeil = false
	differ, err := otherShapes(t, down)
	if err != nil || !differ {
		return t, err
	}
	if a := b.found.average; a != nil && a.kernel > 0 {
		return b.roundingByAverage(t, down)
	}
	says := func(r rounding) bool { return slices.Contains(b.found.rounds, r) }
	switch {
	case says(roundUp) && says(roundDown):
		return t, fmt.Errorf("some pools round up and some down, which is not supported (-pool ceil or floor takes one for all)")
	case says(roundUp):
		return t, nil
	case says(roundDown):
		b.assume("-pool", "pools round down as the graph says, though the family was trained rounding up and some exporters lose that")
		return down, nil
	}
	b.assume("-pool", "pools round up, as Caffe and torchvision train them")
	return t, nil
}

// roundingByAverage lets a global average that knows the side of its map
// decide. It speaks of the graph's own input size.
func (b *builder) roundingByAverage(up, down model.Topology) (model.Topology, error) {
	a := b.found.average
	sides := [2]int{}
	for i, t := range []model.Topology{up, down} {
		if b.file.size > 0 {
			t.Size = b.file.size
		}
		g, err := t.Graph()
		if err != nil {
			return t, err
		}
		sides[i] = g.Head().OutSize
	}
	switch {
	case sides[0] == sides[1] && a.kernel == sides[0]:
		b.assume("-pool", "pools round up, as Caffe and torchvision train them")
		return up, nil
	case a.kernel == sides[0]:
		return up, nil
	case a.kernel == sides[1]:
		return down, nil
	}
	return up, a.fail("averages %dx%d, but the last map has a side of %d", a.kernel, a.kernel, sides[0])
}

// otherShapes tells whether two topologies differ in the size of any map.
func otherShapes(a, b model.Topology) (bool, error) {
	x, err := a.Graph()
	if err != nil {
		return false, err
	}
	y, err := b.Graph()
	if err != nil {
		return false, err
	}
	return !slices.EqualFunc(x.Steps, y.Steps, func(p, q model.Step) bool { return p.OutSize == q.OutSize }), nil
}
