package importer

import (
	"fmt"
	"reflect"
	"slices"

	"halfmeg/model"
)

// topology determines the topology: from the graph, from -topology, or from the
// shapes of the parameters if they match a known network.
func (b *builder) topology() (model.Topology, error) {
	var t model.Topology
	var err error
	switch wanted := b.opts.topology; {
	case b.found.complete:
		if t, err = b.found.describe(); err == nil && wanted != nil {
			t, err = b.agree(t, *wanted)
		}
	case wanted != nil:
		t = *wanted
		if b.opts.named {
			t.Head.Pad, t.Name = b.headPad(t), ""
		}
	default:
		t, err = b.infer()
	}
	if err != nil {
		return t, err
	}
	if err := b.openFields(&t); err != nil {
		return t, err
	}
	if t.Head.Classes == 0 || b.opts.named {
		t.Head.Classes = b.found.head.out()
	}
	t.Size, err = b.size()
	return t, err
}

// openFields decides what only a graph states and what shapes do not show: the
// padding of conv1 and the ReLU of the head.
func (b *builder) openFields(t *model.Topology) error {
	linear, pad := b.opts.linear, b.opts.conv1Pad
	if b.found.complete {
		switch {
		case linear != nil && *linear && !t.Head.Linear:
			return fmt.Errorf("the file's graph has a ReLU after %s, but %s says otherwise", t.HeadName(), b.opts.source)
		case linear != nil && !*linear && t.Head.Linear:
			return fmt.Errorf("the file's graph has no ReLU after %s, but %s says otherwise", t.HeadName(), b.opts.source)
		case pad != nil && *pad != t.Conv1.Pad:
			return fmt.Errorf("the file's graph pads conv1 by %d, not by %d: leave -conv1-pad out", t.Conv1.Pad, *pad)
		}
		return nil
	}
	if pad != nil {
		t.Conv1.Pad = *pad
	}
	if linear == nil {
		b.assume("-head", "a ReLU after %s, as in the published networks", t.HeadName())
		return nil
	}
	t.Head.Linear = *linear
	return nil
}

// describe returns the topology that a graph states.
func (l *layout) describe() (model.Topology, error) {
	var t model.Topology
	stem, head := l.conv1.window, l.head.window
	t.Conv1 = model.Stem{Filters: l.conv1.out(), Kernel: stem.kernel, Stride: stem.stride, Pad: stem.pad[0]}
	t.Head = model.Head{Classes: l.head.out(), Pad: head.pad[0], Linear: l.linear}
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
	t.Fires = l.fireSizes()
	return t, l.head.expect(1, 1, head.pad[0])
}

// expect verifies the window of a convolution of a graph.
func (c *conv) expect(kernel, stride, pad int) error {
	if want := (window{kernel, stride, [4]int{pad, pad, pad, pad}}); c.window != want {
		return fmt.Errorf("layer %q: kernel %d, stride %d, padding %v; SqueezeNet has kernel %d, stride %d, padding %d here",
			c.name, c.window.kernel, c.window.stride, c.window.pad, kernel, stride, pad)
	}
	return nil
}

// fireSizes returns the fire modules in the paper's terms (arXiv:1602.07360,
// section 3.2).
func (l *layout) fireSizes() []model.Fire {
	sizes := make([]model.Fire, len(l.fires))
	for i, f := range l.fires {
		sizes[i] = model.Fire{S1x1: f.squeeze.out(), E1x1: f.expand1x1.out(), E3x3: f.expand3x3.out(), Bypass: f.bypass}
	}
	return sizes
}

// agree verifies that the graph is the network the user requested, and takes
// from the latter what a graph does not state.
func (b *builder) agree(stated, wanted model.Topology) (model.Topology, error) {
	t := wanted
	t.Name, t.Size, t.PoolCeil = "", 0, false // a graph does not state these, or not reliably
	if b.opts.named {
		t.Head = stated.Head
	}
	if t.Head.Classes == 0 {
		t.Head.Classes = stated.Head.Classes
	}
	t.Head.Linear = stated.Head.Linear // openFields compares it
	if len(t.PoolAfter) == 0 && len(stated.PoolAfter) == 0 {
		t.PoolAfter = stated.PoolAfter // DeepEqual tells nil from empty
	}
	if !reflect.DeepEqual(t, stated) {
		return t, b.opts.mismatch(stated, t)
	}
	if !b.opts.named {
		t.Name = wanted.Name
	}
	return t, nil
}

// infer recognises v1.0 and v1.1 by conv1 and the number of fire modules. The
// sizes of the modules may differ.
func (b *builder) infer() (model.Topology, error) {
	l := b.found
	for _, t := range []model.Topology{model.V10(), model.V11()} {
		if l.conv1.out() != t.Conv1.Filters || l.conv1.side() != t.Conv1.Kernel || len(l.fires) != len(t.Fires) {
			continue
		}
		if l.poolGaps != nil && !slices.Equal(l.poolGaps, t.PoolAfter) {
			return t, fmt.Errorf("conv1 is that of %s, but the layers' numbers imply pools after %v, not %v: "+
				"describe the network with -topology FILE; found: %s", t.Name, l.poolGaps, t.PoolAfter, l)
		}
		b.assume("-topology", "strides, pools after layers %v and no bypass, as in %s, which has the same conv1", t.PoolAfter, t.Name)
		if b.opts.conv1Pad == nil {
			b.assume("-conv1-pad", "conv1 is not padded, as in %s", t.Name)
		}
		t.Fires, t.Head = l.fireSizes(), model.Head{Pad: b.headPad(t)}
		t.Name = ""
		return t, nil
	}
	return model.Topology{}, fmt.Errorf("the file does not state strides, paddings and pools, and its shapes are not those of v1.0 or v1.1: "+
		"describe the network with -topology FILE; found: %s", l)
}

// headPad returns the conventional padding of the last convolution: 1 in
// Caffe's v1.0, none in torchvision's.
func (b *builder) headPad(t model.Topology) int {
	if t.Head.Pad == 0 || b.framework == caffe {
		return t.Head.Pad
	}
	b.assume("-topology", "%s without padding, as in torchvision", t.HeadName())
	return 0
}

// name returns "v1.0" or "v1.1" if the network differs from that only in its
// input, rounding and head, otherwise "custom".
func (b *builder) name(t model.Topology) string {
	for _, known := range []model.Topology{model.V10(), model.V11()} {
		if known.Conv1 == t.Conv1 && slices.Equal(known.Fires, t.Fires) && slices.Equal(known.PoolAfter, t.PoolAfter) {
			return known.Name
		}
	}
	return "custom"
}

// poolRounding decides whether pools round their output size up. A graph that
// does not state it is no evidence: most exporters drop it, and the published
// networks round up.
func (b *builder) poolRounding(t model.Topology) (model.Topology, error) {
	switch {
	case b.opts.ceil != nil:
		t.PoolCeil = *b.opts.ceil
		return t, nil
	case !b.found.complete && b.framework == caffe:
		t.PoolCeil = true // Caffe always rounds up
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
	stated := func(r rounding) bool { return slices.Contains(b.found.rounds, r) }
	switch {
	case stated(roundUp) && stated(roundDown):
		return t, fmt.Errorf("some pools round up and some down, which is not supported (-pool ceil or floor overrides all)")
	case stated(roundUp):
		return t, nil
	case stated(roundDown):
		b.assume("-pool", "pools round down as the graph states, although the published networks round up and some exporters drop that")
		return down, nil
	}
	b.assume("-pool", "pools round up, as in Caffe and torchvision")
	return t, nil
}

// roundingByAverage decides by a global average whose window states the size of
// the last map, at the graph's own input size.
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
		b.assume("-pool", "pools round up, as in Caffe and torchvision")
		return up, nil
	case a.kernel == sides[0]:
		return up, nil
	case a.kernel == sides[1]:
		return down, nil
	}
	return up, b.checkAverage(up)
}

// checkAverage verifies that the file's average covers the whole last map, as the
// engine's does, with either rounding and with the side of the input that the
// file states or the user chose.
func (b *builder) checkAverage(t model.Topology) error {
	a := b.found.average
	if a == nil || a.kernel == 0 {
		return nil
	}
	last := 0
	for _, side := range []int{b.file.size, t.Size} {
		for _, up := range []bool{!t.PoolCeil, t.PoolCeil} {
			if t.Size, t.PoolCeil = side, up; side == 0 {
				continue
			}
			g, err := t.Graph()
			if err != nil {
				continue // the file's own side may be too small for the options
			}
			if last = g.Head().OutSize; last == a.kernel {
				return nil
			}
		}
	}
	return a.fail("averages %dx%d, but the last map is %dx%d with an input of %d pixels; "+
		"only an average over the whole map is supported: export a global average, or state the input's side with -size",
		a.kernel, a.kernel, last, last, t.Size)
}

// otherShapes reports whether two topologies differ in the size of any map.
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
