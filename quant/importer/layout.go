package importer

import (
	"fmt"
	"strings"
)

// layout is the SqueezeNet recognised in a file: its convolutions by role and,
// if the file carries a graph, what connects them.
type layout struct {
	conv1 conv
	fires []fire
	head  conv

	scaling   *scaling   // of the input; nil if not stated
	linear    bool       // from a graph: no ReLU follows the head
	complete  bool       // from a graph: windows, pools and bypasses are known
	poolAfter []int      // as in model.Topology
	poolGaps  []int      // without a graph: pools implied by the numbers in layer names; nil if unknown
	rounds    []rounding // one per pool
	average   *node      // the global average
	read      []string   // lines for Loaded.Read
}

// fire holds the convolutions of a fire module.
type fire struct {
	squeeze, expand1x1, expand3x3 conv
	bypass                        bool
}

// convs returns the convolutions in the order of model.Graph.Convolutions.
func (l *layout) convs() []*conv {
	convs := []*conv{&l.conv1}
	for i := range l.fires {
		f := &l.fires[i]
		convs = append(convs, &f.squeeze, &f.expand1x1, &f.expand3x3)
	}
	return append(convs, &l.head)
}

// check verifies that every convolution has four-dimensional weights with a
// square kernel. Code after it indexes the shapes without checking again.
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

// out returns the number of filters, side the side of the kernel.
func (c *conv) out() int  { return c.weights.shape[0] }
func (c *conv) side() int { return c.weights.shape[2] }

// String summarises what was found, for a user who has to describe the rest
// with -topology.
func (l *layout) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "conv1 %d filters of %dx%d; fires (s1x1/e1x1/e3x3)", l.conv1.out(), l.conv1.side(), l.conv1.side())
	for _, f := range l.fires {
		fmt.Fprintf(&b, " %d/%d/%d", f.squeeze.out(), f.expand1x1.out(), f.expand3x3.out())
	}
	fmt.Fprintf(&b, "; %d classes", l.head.out())
	return b.String()
}
