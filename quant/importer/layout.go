package importer

import (
	"fmt"
	"strings"
)

// layout is a SqueezeNet found in a file: its convolutions in their places
// and, where the file carries a graph, what lies between them.
type layout struct {
	conv1 conv
	fires []fire
	head  conv

	scaling   *scaling   // what the file does to its input; nil: it does not say
	complete  bool       // from a graph, which says the windows and the rest
	poolAfter []int      // as in model.Topology
	poolGaps  []int      // without a graph: where the layers' numbers leave room for pools; nil: unknown
	rounds    []rounding // one for each pool
	average   *node      // the global average
}

// fire is a fire module's convolutions.
type fire struct {
	squeeze, expand1x1, expand3x3 conv
	bypass                        bool
}

// convs lists the convolutions in the order of model.Topology.Steps.
func (l *layout) convs() []*conv {
	list := []*conv{&l.conv1}
	for i := range l.fires {
		f := &l.fires[i]
		list = append(list, &f.squeeze, &f.expand1x1, &f.expand3x3)
	}
	return append(list, &l.head)
}

// check proves that every convolution has four-dimensional weights with a
// square kernel, so that the rest can rely on it.
func (l *layout) check() error {
	for _, c := range l.convs() {
		if c.weights == nil {
			return fmt.Errorf("layer %q: its weights are missing", c.name)
		}
		if s := c.weights.shape; len(s) != 4 || s[2] != s[3] {
			return fmt.Errorf("layer %q: %s: not the weights of a square convolution", c.name, c.weights)
		}
	}
	return nil
}

// out and side are a convolution's filters and the side of its kernel.
func (c *conv) out() int  { return c.weights.shape[0] }
func (c *conv) side() int { return c.weights.shape[2] }

// String tells in one line what was found, for a user who must describe the rest.
func (l *layout) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "conv1 %d filters of %dx%d; fires (s1x1/e1x1/e3x3)", l.conv1.out(), l.conv1.side(), l.conv1.side())
	for _, f := range l.fires {
		fmt.Fprintf(&b, " %d/%d/%d", f.squeeze.out(), f.expand1x1.out(), f.expand3x3.out())
	}
	fmt.Fprintf(&b, "; %d classes", l.head.out())
	return b.String()
}
