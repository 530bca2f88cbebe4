package importer

import (
	"fmt"
	"slices"
)

// graph is a network of nodes connected by named edges, independent of the
// format. Nodes without effect at inference (Dropout, Identity) are removed.
type graph struct {
	input string // the edge of the picture
	nodes []*node
}

// node is one operation.
type node struct {
	kind  string // the format's name of the operation: Conv, Pooling, …
	name  string
	where string // offset in the file
	op    op
	in    []string // edges it reads, without parameters
	out   string   // edge it writes

	window          // of a convolution or a pool; of a pad, only the padding
	weights *tensor // of a convolution
	bias    *tensor
	affines []affine // merged into a convolution
	affine  affine   // of a scaling
	round   rounding // of a max-pool
	fill    float64  // of a pad: the value of the border
}

// op is what a node does.
type op uint8

const (
	opOther op = iota // not part of SqueezeNet
	opConv
	opRelu
	opMaxPool
	opConcat
	opAdd
	opScale         // one factor and one summand per channel
	opTranspose     // of the picture, from NHWC to NCHW
	opPad           // a border, merged into the window that follows
	opGlobalAverage // window.kernel is 0, or the side of the map it averages
	opTail          // after the logits: softmax, reshaping, loss
)

// rounding is how a file rounds a pool's output size.
type rounding uint8

const (
	roundUnstated rounding = iota
	roundUp
	roundDown
)

func (n *node) fail(format string, args ...any) error {
	return fmt.Errorf("node %q (%s, %s): %w", n.name, n.kind, n.where, fmt.Errorf(format, args...))
}

// unexpected reports a node in the place of what.
func (n *node) unexpected(what string) error {
	if n.op == opScale {
		return n.fail("expected %s here: a normalization or a constant can be folded only between a convolution and its ReLU", what)
	}
	if n.kind == "Transpose" {
		return n.fail("expected %s here: only the picture may be transposed from NHWC; convert TensorFlow networks with tf2onnx, "+
			"which removes the other transpositions", what)
	}
	return n.fail("expected %s here", what)
}

// conv returns the node as a convolution.
func (n *node) conv() conv {
	return conv{name: n.name, window: n.window, weights: n.weights, bias: n.bias, affines: n.affines}
}

// layout follows the graph from the picture to the logits and recognises
// SqueezeNet in it, or fails at the first node that does not fit.
func (g *graph) layout() (*layout, error) {
	w := &walker{readers: map[string][]*node{}, seen: map[*node]bool{}}
	if err := g.absorbPads(); err != nil {
		return nil, err
	}
	g.foldAffines()
	for _, n := range g.nodes {
		for _, edge := range n.in {
			w.readers[edge] = append(w.readers[edge], n)
		}
	}
	edge, err := w.scale(g.input)
	if err != nil {
		return nil, err
	}
	if edge, err = w.stem(edge); err != nil {
		return nil, err
	}
	for edge != "" {
		if edge, err = w.stage(edge); err != nil {
			return nil, err
		}
	}
	return &w.found, nil
}

// absorbPads merges pad nodes into the convolutions and pools that read them.
func (g *graph) absorbPads() error {
	pads, absorbed := map[string]*node{}, map[*node]bool{}
	for _, n := range g.nodes {
		if n.op == opPad && len(n.in) == 1 {
			pads[n.out] = n
		}
	}
	for _, n := range g.nodes {
		if n.op != opConv && n.op != opMaxPool || len(n.in) != 1 {
			continue
		}
		p := pads[n.in[0]]
		if p == nil {
			continue
		}
		// Max-pools follow a ReLU, so a border of zeros or less does not
		// change their result.
		if p.fill > 0 || n.op == opConv && p.fill != 0 {
			return p.fail("pads with %v; only 0 is supported", p.fill)
		}
		n.in, absorbed[p] = p.in, true
		for i := range n.pad {
			n.pad[i] += p.pad[i]
		}
	}
	g.nodes = slices.DeleteFunc(g.nodes, func(n *node) bool { return absorbed[n] })
	return nil
}

// walker follows the edges and collects the layout.
type walker struct {
	readers map[string][]*node
	seen    map[*node]bool
	found   layout
}

// take marks a node as visited, and fails if it already was.
func (w *walker) take(n *node) error {
	if w.seen[n] {
		return n.fail("is reached twice: the graph has a cycle")
	}
	w.seen[n] = true
	return nil
}

// only returns the single reader of an edge.
func (w *walker) only(edge string) (*node, error) {
	switch r := w.readers[edge]; len(r) {
	case 0:
		return nil, fmt.Errorf("the graph ends at %q, before a global average", edge)
	case 1:
		return r[0], nil
	default:
		return nil, r[1].fail("is a second reader of %q, which SqueezeNet does not have there", edge)
	}
}

// need consumes the single reader of an edge, whose op must be o. what
// describes it in errors.
func (w *walker) need(edge string, o op, what string) (*node, error) {
	n, err := w.only(edge)
	if err != nil {
		return nil, err
	}
	if n.op != o {
		return nil, n.unexpected(what)
	}
	return n, w.take(n)
}

// optional consumes the edge's reader if it is the only one and its op is o,
// and returns the edge to continue from.
func (w *walker) optional(edge string, o op) (string, bool, error) {
	r := w.readers[edge]
	if len(r) != 1 || r[0].op != o {
		return edge, false, nil
	}
	return r[0].out, true, w.take(r[0])
}

// relu consumes the ReLU that must follow.
func (w *walker) relu(edge string) (string, error) {
	n, err := w.need(edge, opRelu, "a ReLU")
	if err != nil {
		return "", err
	}
	return n.out, nil
}

// scale consumes the nodes that normalize the picture, and its transposition
// from NHWC, and folds them into a mean and a standard deviation.
func (w *walker) scale(edge string) (string, error) {
	scale, shift := [3]float64{1, 1, 1}, [3]float64{}
	axis := channelsFirst
	if w.transposed(edge) {
		axis = channelsLast
	}
	for {
		r := w.readers[edge]
		if len(r) != 1 || r[0].op != opScale && (r[0].op != opTranspose || axis != channelsLast) {
			break
		}
		n := r[0]
		if err := w.take(n); err != nil {
			return "", err
		}
		edge = n.out
		if n.op == opTranspose {
			axis = channelsFirst
			continue
		}
		if n.affine.axis != 0 && n.affine.axis != axis {
			return "", n.fail("its constant does not apply to the channels of the picture")
		}
		factors, summands, err := n.affine.values(3)
		if err != nil {
			return "", n.fail("%w", err)
		}
		for c := range 3 {
			scale[c], shift[c] = float64(scale[c]*factors[c]), float64(shift[c]*factors[c])+summands[c]
			if !(scale[c] > 0) {
				return "", n.fail("scales channel %d by %v", c, factors[c])
			}
		}
		w.found.scaling = &scaling{where: fmt.Sprintf("node %q", n.name)}
	}
	if scale == [3]float64{1, 1, 1} && shift == [3]float64{} {
		w.found.scaling = nil // an identity states nothing
		return edge, nil
	}
	for c := range 3 {
		w.found.scaling.mean[c], w.found.scaling.std[c] = -shift[c]/scale[c], 1/scale[c]
	}
	return edge, nil
}

// transposed reports whether the picture is transposed from NHWC to NCHW, before
// or after nodes that normalize it.
func (w *walker) transposed(edge string) bool {
	for range maxScalings {
		r := w.readers[edge]
		if len(r) != 1 || r[0].op != opScale {
			return len(r) == 1 && r[0].op == opTranspose
		}
		edge = r[0].out
	}
	return false
}

// maxScalings limits the scalings of the picture that transposed follows, in
// case they form a cycle.
const maxScalings = 16

// stem takes conv1.
func (w *walker) stem(edge string) (string, error) {
	n, err := w.need(edge, opConv, "the first convolution")
	if err != nil {
		return "", err
	}
	w.found.conv1 = n.conv()
	return w.relu(n.out)
}

// stage takes what follows conv1 or a fire module: a pool, a fire module or
// the head. After the head it returns "".
func (w *walker) stage(edge string) (string, error) {
	readers := w.readers[edge]
	if i := slices.IndexFunc(readers, func(n *node) bool { return n.op == opAdd }); i >= 0 && len(readers) == 2 {
		return w.module(edge, readers[1-i], readers[i])
	}
	n, err := w.only(edge)
	if err != nil {
		return "", err
	}
	switch n.op {
	case opMaxPool:
		return w.pool(n)
	case opConv:
		return w.module(edge, n, nil)
	default:
		return "", n.unexpected("a pool, a fire module or the last convolution")
	}
}

// pool takes a max-pool of 3x3 with stride 2.
func (w *walker) pool(n *node) (string, error) {
	if n.kernel != 3 || n.stride != 2 {
		return "", n.fail("pools %dx%d with stride %d; only 3x3 with stride 2 is supported", n.kernel, n.kernel, n.stride)
	}
	round := n.round
	switch {
	case n.pad == [4]int{}:
	case n.pad == [4]int{0, 0, 1, 1} && round != roundUp:
		round = roundUp // exporters write ceil mode as a border at the bottom and right
	default:
		return "", n.fail("padding %v is not supported", n.pad)
	}
	number := len(w.found.fires) + 1
	if slices.Contains(w.found.poolAfter, number) {
		return "", n.fail("follows another pool; only one in a row is supported")
	}
	w.found.poolAfter = append(w.found.poolAfter, number)
	w.found.rounds = append(w.found.rounds, round)
	return n.out, w.take(n)
}

// module matches the fire module that starts with the given squeeze layer. add
// is the sum of its input and output, nil without a bypass. A convolution that
// feeds a global average is the head instead.
func (w *walker) module(edge string, squeeze, add *node) (string, error) {
	if squeeze.op != opConv {
		return "", squeeze.fail("only a fire module can be bypassed")
	}
	if err := w.take(squeeze); err != nil {
		return "", err
	}
	if r := w.readers[squeeze.out]; add == nil && len(r) == 1 && r[0].op == opGlobalAverage {
		w.found.linear = true
		return "", w.head(squeeze, r[0])
	}
	squeezed, err := w.relu(squeeze.out)
	if err != nil {
		return "", err
	}
	if r := w.readers[squeezed]; add == nil && len(r) == 1 && r[0].op == opGlobalAverage {
		return "", w.head(squeeze, r[0])
	}
	f := fire{squeeze: squeeze.conv(), bypass: add != nil}
	out, err := w.expand(squeeze, squeezed, &f)
	if err != nil {
		return "", err
	}
	w.found.fires = append(w.found.fires, f)
	if add == nil {
		return out, nil
	}
	return w.bypass(add, edge, out)
}

// expand matches the two expand layers and their concatenation, with the ReLU
// before or after the concatenation.
func (w *walker) expand(squeeze *node, edge string, f *fire) (string, error) {
	r := w.readers[edge]
	if len(r) == 1 {
		return "", r[0].fail("expected two expand convolutions or a global average here")
	}
	if len(r) != 2 || r[0].op != opConv || r[1].op != opConv {
		return "", squeeze.fail("must feed two expand convolutions or, as the last one, a global average")
	}
	e1x1, e3x3 := r[0], r[1]
	if e1x1.kernel == 3 {
		e1x1, e3x3 = e3x3, e1x1
	}
	f.expand1x1, f.expand3x3 = e1x1.conv(), e3x3.conv()
	var outs [2]string
	var activated [2]bool
	for i, n := range []*node{e1x1, e3x3} {
		if err := w.take(n); err != nil {
			return "", err
		}
		var err error
		if outs[i], activated[i], err = w.optional(n.out, opRelu); err != nil {
			return "", err
		}
	}
	join, err := w.need(outs[0], opConcat, "the concatenation of the expand layers")
	if err != nil {
		return "", err
	}
	if !slices.Equal(join.in, outs[:]) {
		return "", join.fail("must join the 1x1 and the 3x3 expand layer, in this order")
	}
	if activated == [2]bool{true, true} {
		return join.out, nil
	}
	return w.relu(join.out)
}

// bypass consumes the sum of a fire module's input and output. A ReLU after it
// has no effect, because neither summand is negative.
func (w *walker) bypass(add *node, edge, out string) (string, error) {
	if err := w.take(add); err != nil {
		return "", err
	}
	if r := w.readers[out]; len(r) != 1 || r[0] != add || len(add.in) != 2 {
		return "", add.fail("must add a fire module's input %q to its output %q and nothing else", edge, out)
	}
	next, _, err := w.optional(add.out, opRelu)
	return next, err
}

// head matches the last convolution and the global average, and checks that only
// operations follow that keep the order of the logits.
func (w *walker) head(last, average *node) error {
	w.found.head, w.found.average, w.found.complete = last.conv(), average, true
	queue := []*node{average}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		if w.seen[n] {
			continue
		}
		w.seen[n] = true
		if n != average && n.op != opTail && n.op != opTranspose {
			return n.fail("is not expected after the global average")
		}
		queue = append(queue, w.readers[n.out]...)
	}
	return nil
}
