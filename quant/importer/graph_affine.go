package importer

import "slices"

// foldAffines merges scalings into the convolutions before them. One after a
// concatenation is split between the convolutions that the latter joins.
func (g *graph) foldAffines() {
	f := newAffineFolder(g)
	for _, n := range g.nodes {
		if f.convs[n.out] == n {
			f.intoConv(n)
		}
	}
	for _, n := range g.nodes {
		if n.op == opConcat {
			f.intoJoined(n)
		}
	}
	g.nodes = slices.DeleteFunc(g.nodes, func(n *node) bool { return f.folded[n] })
}

// affineFolder indexes a graph for foldAffines.
type affineFolder struct {
	readers map[string]int   // of an edge
	convs   map[string]*node // by the edge they write
	scales  map[string]*node // by the edge they read
	folded  map[*node]bool
}

func newAffineFolder(g *graph) *affineFolder {
	f := &affineFolder{map[string]int{}, map[string]*node{}, map[string]*node{}, map[*node]bool{}}
	for _, n := range g.nodes {
		for _, edge := range n.in {
			f.readers[edge]++
		}
		switch {
		case n.op == opConv && n.weights != nil && len(n.weights.shape) > 0:
			f.convs[n.out] = n
		case n.op == opScale && len(n.in) == 1 && n.affine.axis != channelsLast:
			f.scales[n.in[0]] = n
		}
	}
	return f
}

// next returns the scaling that is the only reader of an edge, nil if there is
// none.
func (f *affineFolder) next(edge string) *node {
	n := f.scales[edge]
	if n == nil || f.readers[edge] != 1 || f.folded[n] {
		return nil
	}
	f.folded[n] = true
	return n
}

// intoConv folds all scalings that follow a convolution.
func (f *affineFolder) intoConv(n *node) {
	for s := f.next(n.out); s != nil; s = f.next(n.out) {
		n.affines = append(n.affines, s.affine)
		n.out = s.out
	}
	f.convs[n.out] = n
}

// intoJoined folds all scalings that follow a concatenation of convolutions that
// nothing else reads.
func (f *affineFolder) intoJoined(join *node) {
	total := 0
	for _, edge := range join.in {
		if f.convs[edge] == nil || f.readers[edge] != 1 {
			return
		}
		total += f.convs[edge].weights.shape[0]
	}
	if total == 0 {
		return
	}
	for s := f.next(join.out); s != nil; s = f.next(join.out) {
		first := 0
		for _, edge := range join.in {
			c := f.convs[edge]
			part := s.affine
			part.first, part.total = first, total
			c.affines = append(c.affines, part)
			first += c.weights.shape[0]
		}
		join.out = s.out
	}
}
