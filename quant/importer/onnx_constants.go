package importer

import (
	"math"
	"slices"
)

// value returns the value of a Constant node, which has several representations
// since opset 12, or nil if it is neither a tensor nor a list of numbers.
func (n *onnxNode) value() *onnxTensor {
	for _, name := range []string{"value", "value_float", "value_floats", "value_int", "value_ints"} {
		a := n.attributes[name]
		if a == nil {
			continue
		}
		switch name {
		case "value":
			if a.tensor != nil {
				a.tensor.name = n.out[0]
			}
			return a.tensor
		case "value_float":
			return n.literal(nil, []float32{float32(a.float)}, nil)
		case "value_floats":
			return n.literal([]int{len(a.floats)}, a.floats, nil)
		case "value_int":
			return n.literal(nil, nil, []int64{a.int})
		default:
			return n.literal([]int{len(a.ints)}, nil, a.ints)
		}
	}
	return nil
}

// literal returns a constant whose values are known: floats or, if that is nil,
// integers.
func (n *onnxNode) literal(shape []int, floats []float32, ints []int64) *onnxTensor {
	t := &onnxTensor{kind: onnxInt64, known: ints}
	if floats != nil {
		t.kind = onnxFloat
	}
	t.name, t.where, t.shape = n.out[0], message{at: n.at}.where(), shape
	t.load = func() ([]float32, error) {
		if floats == nil {
			return nil, errNotFloat
		}
		return floats, nil
	}
	return t
}

// foldConstants evaluates nodes whose inputs are constants, as far as exporters
// write them: changes of a parameter's shape, and the arithmetic on integers
// that computes shapes and paddings. It returns the other nodes.
func (m *onnxModel) foldConstants(nodes []*onnxNode) []*onnxNode {
	const passes = 64 // nodes may be in any order; chains are short
	for range passes {
		before := len(nodes)
		nodes = slices.DeleteFunc(slices.Clone(nodes), func(n *onnxNode) bool {
			t := m.fold(n)
			if t == nil || t.count() > maxElements {
				return false
			}
			m.constants[n.out[0]] = t
			return true
		})
		if len(nodes) == before {
			break
		}
	}
	return nodes
}

// fold evaluates a node, or returns nil if it cannot.
func (m *onnxModel) fold(n *onnxNode) *onnxTensor {
	if n.kind == "Shape" && len(n.in) == 1 {
		return m.shapeOf(n)
	}
	in := make([]*onnxTensor, len(n.in))
	for i, name := range n.in {
		if in[i] = m.constant(n, i); in[i] == nil && name != "" {
			return nil
		}
	}
	if len(in) == 0 || in[0] == nil {
		return nil
	}
	if t := n.reshaped(in); t != nil {
		return t
	}
	if len(in[0].shape) > 2 || in[0].count() > maxFolded {
		return nil
	}
	f := folder{n, in}
	switch n.kind {
	case "Gather":
		return f.gather()
	case "Concat":
		return f.concat()
	case "Slice":
		return f.slice()
	case "Add", "Sub", "Mul", "Div":
		return f.arithmetic()
	case "ConstantOfShape":
		return f.fill()
	case "Floor", "Ceil":
		if v, ok := f.ints(0); ok {
			return n.literal(in[0].shape, nil, v)
		}
	}
	return nil
}

// maxFolded limits the integers of a list that is evaluated. Shapes and paddings
// have up to eight.
const maxFolded = 64

// shapeOf evaluates Shape of a constant, or of an input whose size is fixed.
func (m *onnxModel) shapeOf(n *onnxNode) *onnxTensor {
	var dims []int64
	if t := m.constant(n, 0); t != nil {
		for _, d := range t.shape {
			dims = append(dims, int64(d))
		}
	} else {
		for _, in := range m.inputs {
			if in.name == m.edge(n.in[0]) && !slices.ContainsFunc(in.dims, func(d int64) bool { return d <= 0 }) {
				dims = in.dims
			}
		}
	}
	if len(dims) == 0 || n.attributes["start"] != nil || n.attributes["end"] != nil {
		return nil
	}
	return n.literal([]int{len(dims)}, nil, dims)
}

// reshaped evaluates nodes that change only the shape of a constant.
func (n *onnxNode) reshaped(in []*onnxTensor) *onnxTensor {
	var shape []int
	switch n.kind {
	case "Reshape":
		target := n.ints("shape") // before opset 5
		if len(in) == 2 && in[1] != nil {
			target, _ = in[1].integers()
		}
		shape = reshape(in[0].shape, target)
	case "Transpose":
		return in[0].transpose(n.ints("perm"))
	case "Unsqueeze", "Squeeze":
		axes := n.ints("axes") // before opset 13
		if len(in) == 2 && in[1] != nil {
			axes, _ = in[1].integers()
		}
		shape = squeeze(in[0].shape, axes, n.kind == "Unsqueeze")
	}
	if shape == nil {
		return nil
	}
	t := *in[0]
	t.shape = shape
	return &t
}

// transpose returns a constant with its axes permuted, reversed by default: the
// weights of TensorFlow, or a table of paddings.
func (t *onnxTensor) transpose(perm []int64) *onnxTensor {
	rank := len(t.shape)
	if perm == nil {
		for i := range rank {
			perm = append(perm, int64(rank-1-i))
		}
	}
	sorted := slices.Sorted(slices.Values(perm))
	for i, a := range sorted {
		if a != int64(i) {
			return nil
		}
	}
	if len(perm) != rank || rank == 0 {
		return nil
	}
	out := *t
	out.shape = make([]int, rank)
	strides := make([]int, rank) // of the input, in the order of the output's axes
	for i, axis := range perm {
		out.shape[i] = t.shape[axis]
		strides[i] = 1
		for _, d := range t.shape[axis+1:] {
			strides[i] *= d
		}
	}
	out.load = func() ([]float32, error) {
		v, err := t.load()
		if err != nil || len(v) != t.count() {
			return v, err
		}
		return permute(v, out.shape, strides), nil
	}
	out.known = nil
	if t.count() <= maxFolded {
		if v, err := t.integers(); err == nil && len(v) == t.count() {
			out.known = permute(v, out.shape, strides)
		}
	} else if t.kind == onnxInt64 || t.kind == onnxInt32 {
		return nil
	}
	return &out
}

// permute gathers values in the row-major order of a shape.
func permute[T any](values []T, shape, strides []int) []T {
	out := make([]T, 0, len(values))
	index := make([]int, len(shape))
	at := 0
	for range values {
		out = append(out, values[at])
		for d := len(shape) - 1; d >= 0; d-- { // advance the index like an odometer
			index[d]++
			at += strides[d]
			if index[d] < shape[d] {
				break
			}
			at -= strides[d] * shape[d]
			index[d] = 0
		}
	}
	return out
}

// reshape returns the shape of a Reshape, nil if it does not fit.
func reshape(from []int, target []int64) []int {
	if len(target) == 0 || len(target) > maxRank {
		return nil
	}
	count, known, open := 1, 1, -1
	for _, d := range from {
		count *= d
	}
	shape := make([]int, len(target))
	for i, d := range target {
		switch {
		case d == 0 && i < len(from):
			shape[i] = from[i]
		case d == -1 && open < 0:
			open = i
			continue
		case d > 0 && d <= maxElements:
			shape[i] = int(d)
		default:
			return nil
		}
		if known *= shape[i]; known > maxElements {
			return nil
		}
	}
	if open >= 0 {
		shape[open] = count / max(known, 1)
		known *= shape[open]
	}
	if known != count {
		return nil
	}
	return shape
}

// squeeze returns the shape of an Unsqueeze or a Squeeze, nil if it does not fit.
func squeeze(from []int, axes []int64, insert bool) []int {
	rank := int64(len(from))
	if insert {
		rank += int64(len(axes))
	}
	if rank > maxRank {
		return nil
	}
	chosen := map[int64]bool{}
	for _, a := range axes {
		if a < 0 {
			a += rank
		}
		if a < 0 || a >= rank || chosen[a] {
			return nil
		}
		chosen[a] = true
	}
	shape := []int{}
	if insert {
		for i, next := int64(0), 0; i < rank; i++ {
			if chosen[i] {
				shape = append(shape, 1)
				continue
			}
			shape = append(shape, from[next])
			next++
		}
		return shape
	}
	for i, d := range from {
		switch {
		case len(axes) == 0 && d == 1:
		case chosen[int64(i)] && d != 1:
			return nil
		case !chosen[int64(i)]:
			shape = append(shape, d)
		}
	}
	return shape
}

// folder evaluates a node on short lists of integers.
type folder struct {
	n  *onnxNode
	in []*onnxTensor
}

// ints returns the values of input i.
func (f *folder) ints(i int) ([]int64, bool) {
	if i >= len(f.in) || f.in[i] == nil || f.in[i].count() > maxFolded {
		return nil, false
	}
	v, err := f.in[i].integers()
	return v, err == nil && len(v) == f.in[i].count()
}

// list returns a one-dimensional result.
func (f *folder) list(v []int64) *onnxTensor {
	if len(v) == 0 || len(v) > maxFolded {
		return nil
	}
	return f.n.literal([]int{len(v)}, nil, v)
}

func (f *folder) gather() *onnxTensor {
	v, ok := f.ints(0)
	indices, okay := f.ints(1)
	if !ok || !okay || len(f.in[0].shape) != 1 {
		return nil
	}
	out := make([]int64, len(indices))
	for i, x := range indices {
		if x < 0 {
			x += int64(len(v))
		}
		if x < 0 || x >= int64(len(v)) {
			return nil
		}
		out[i] = v[x]
	}
	return f.n.literal(f.in[1].shape, nil, out)
}

func (f *folder) concat() *onnxTensor {
	var out []int64
	for i := range f.in {
		v, ok := f.ints(i)
		if !ok || len(f.in[i].shape) > 1 || len(out) > maxFolded {
			return nil
		}
		out = append(out, v...)
	}
	return f.list(out)
}

// slice evaluates a Slice along the first axis, with attributes (before opset
// 10) or inputs.
func (f *folder) slice() *onnxTensor {
	starts, ends, axes, steps := f.n.ints("starts"), f.n.ints("ends"), f.n.ints("axes"), []int64(nil)
	for i, to := range []*[]int64{&starts, &ends, &axes, &steps} {
		if v, ok := f.ints(i + 1); ok {
			*to = v
		}
	}
	v, ok := f.ints(0)
	if !ok || len(starts) != 1 || len(ends) != 1 || len(axes) > 1 || len(axes) == 1 && axes[0] != 0 {
		return nil
	}
	step := int64(1)
	if len(steps) == 1 {
		step = steps[0]
	}
	rows, width := int64(f.in[0].shape0()), 1
	if rows > 0 {
		width = len(v) / int(rows)
	}
	bound := func(x, low, high int64) int64 {
		if x < 0 {
			x = max(x, math.MinInt64+rows) + rows
		}
		return min(max(x, low), high)
	}
	var rowsTaken []int64
	switch step {
	case 1:
		for i := bound(starts[0], 0, rows); i < bound(ends[0], 0, rows); i++ {
			rowsTaken = append(rowsTaken, i)
		}
	case -1:
		for i := bound(starts[0], 0, rows-1); i > bound(ends[0], -1, rows-1); i-- {
			rowsTaken = append(rowsTaken, i)
		}
	default:
		return nil
	}
	var out []int64
	for _, r := range rowsTaken {
		out = append(out, v[int(r)*width:(int(r)+1)*width]...)
	}
	t := f.list(out)
	if t != nil && len(f.in[0].shape) == 2 {
		t.shape = []int{len(rowsTaken), width}
	}
	return t
}

// shape0 returns the first dimension, 1 for a scalar.
func (t *onnxTensor) shape0() int {
	if len(t.shape) == 0 {
		return 1
	}
	return t.shape[0]
}

// arithmetic evaluates an operation on two lists of one length, or on a list and
// one number.
func (f *folder) arithmetic() *onnxTensor {
	a, ok := f.ints(0)
	b, okay := f.ints(1)
	if !ok || !okay || len(a) != len(b) && len(a) != 1 && len(b) != 1 || len(a) == 0 || len(b) == 0 {
		return nil
	}
	shape := f.in[0].shape
	if len(b) > len(a) || len(f.in[1].shape) > len(shape) {
		shape = f.in[1].shape
	}
	out := make([]int64, max(len(a), len(b)))
	for i := range out {
		x, y := a[min(i, len(a)-1)], b[min(i, len(b)-1)]
		switch {
		case f.n.kind == "Add":
			out[i] = x + y
		case f.n.kind == "Sub":
			out[i] = x - y
		case f.n.kind == "Mul":
			out[i] = x * y
		case y != 0:
			out[i] = x / y
		default:
			return nil
		}
	}
	return f.n.literal(shape, nil, out)
}

// fill evaluates ConstantOfShape, whose default is a float 0; exporters pass the
// int64 0 of paddings.
func (f *folder) fill() *onnxTensor {
	shape, ok := f.ints(0)
	if !ok || len(shape) != 1 || shape[0] < 1 || shape[0] > maxFolded {
		return nil
	}
	out := make([]int64, shape[0])
	if a := f.n.attributes["value"]; a != nil && a.tensor != nil {
		v, err := a.tensor.integers()
		if err != nil || len(v) != 1 {
			return nil
		}
		for i := range out {
			out[i] = v[0]
		}
	}
	return f.list(out)
}

// dropShapes removes the arithmetic on the shapes of maps, for example for a
// Reshape of the logits, and notes the edges that carry it. What a node that
// reads both a map and a shape does is judged by the map alone.
func (m *onnxModel) dropShapes(nodes []*onnxNode) []*onnxNode {
	const passes = 64
	for range passes {
		before := len(nodes)
		nodes = slices.DeleteFunc(slices.Clone(nodes), func(n *onnxNode) bool {
			if !m.onShapes(n) {
				return false
			}
			for _, edge := range n.out {
				m.shapes[edge] = true
			}
			return true
		})
		if len(nodes) == before {
			break
		}
	}
	return nodes
}

// onShapes reports whether a node reads shapes and constants only.
func (m *onnxModel) onShapes(n *onnxNode) bool {
	if n.kind == "Shape" || n.kind == "Size" {
		return true
	}
	found := false
	for i, name := range n.in {
		switch {
		case name == "" || m.constant(n, i) != nil:
		case m.shapes[m.edge(name)]:
			found = true
		default:
			return false
		}
	}
	return found
}
