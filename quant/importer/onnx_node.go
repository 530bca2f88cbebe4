package importer

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// node translates a NodeProto to a node.
func (m *onnxModel) node(from *onnxNode) (*node, error) {
	n := &node{kind: from.kind, name: from.name, where: fmt.Sprintf("offset %d", from.at), out: from.out[0]}
	for i, name := range from.in {
		if name != "" && m.constant(from, i) == nil && !m.shapes[m.edge(name)] {
			n.in = append(n.in, m.edge(name))
		}
	}
	switch from.kind {
	case "Conv":
		return n, m.conv(from, n)
	case "Relu":
		n.op = opRelu
	case "MaxPool":
		return n, from.maxPool(n)
	case "GlobalAveragePool":
		n.op = opGlobalAverage
	case "AveragePool":
		return n, from.averagePool(n)
	case "ReduceMean":
		return n, m.reduceMean(from, n)
	case "Concat":
		n.op = opConcat
		if axis := from.int("axis", 1); axis != 1 && axis != -3 {
			n.op = opTail // computes a shape; graph.layout rejects it inside the network
		}
	case "Add", "Sum", "Sub", "Mul", "Div":
		m.arithmetic(from, n)
	case "BatchNormalization", "ImageScaler":
		return n, m.normalization(from, n)
	case "Pad":
		return n, m.pad(from, n)
	case "Transpose":
		n.op = opTail
		if slices.Equal(from.ints("perm"), []int64{0, 3, 1, 2}) {
			n.op = opTranspose
		}
	case "Softmax", "LogSoftmax", "Flatten", "Reshape", "Squeeze", "Unsqueeze", "Shape", "Gather", "Slice":
		n.op = opTail
	}
	return n, nil
}

// int returns an integer attribute, or its default.
func (n *onnxNode) int(name string, missing int64) int64 {
	if a := n.attributes[name]; a != nil {
		return a.int
	}
	return missing
}

func (n *onnxNode) ints(name string) []int64 {
	if a := n.attributes[name]; a != nil {
		return a.ints
	}
	return nil
}

// conv reads a convolution's parameters and window.
func (m *onnxModel) conv(from *onnxNode, n *node) error {
	n.op = opConv
	weights, bias := m.constant(from, 1), m.constant(from, 2)
	if weights == nil || len(weights.shape) != 4 {
		return errors.New("its weights are not a four-dimensional constant of the file")
	}
	n.weights = &weights.tensor
	if bias != nil {
		n.bias = &bias.tensor
	} else if len(from.in) > 2 && from.in[2] != "" {
		return fmt.Errorf("its bias %q is not a constant of the file", from.in[2])
	}
	if group := from.int("group", 1); group != 1 {
		return fmt.Errorf("%d groups are not supported", group)
	}
	if err := from.window(&n.window, weights.shape[2]); err != nil {
		return err
	}
	if n.kernel != weights.shape[2] {
		return fmt.Errorf("kernel_shape %d, but the weights are %s", n.kernel, dimensions(weights.shape))
	}
	return nil
}

// window reads kernel_shape, strides, pads, auto_pad and dilations.
func (n *onnxNode) window(w *window, kernel int) error {
	square := func(name string, missing int) (int, error) {
		v := n.ints(name)
		if len(v) == 0 {
			return missing, nil
		}
		if len(v) != 2 || v[0] != v[1] || v[0] < 1 || v[0] > math.MaxInt16 {
			return 0, fmt.Errorf("%s %v is not supported; it must be square", name, v)
		}
		return int(v[0]), nil
	}
	dilation := 1
	for _, a := range []struct {
		name    string
		to      *int
		missing int
	}{{"kernel_shape", &w.kernel, kernel}, {"strides", &w.stride, 1}, {"dilations", &dilation, 1}} {
		var err error
		if *a.to, err = square(a.name, a.missing); err != nil {
			return err
		}
	}
	if dilation != 1 {
		return fmt.Errorf("dilation %d is not supported", dilation)
	}
	if pads := n.ints("pads"); len(pads) > 0 {
		if len(pads) != 4 {
			return fmt.Errorf("pads %v: expected four values", pads)
		}
		for i, p := range pads {
			if p < 0 || p > math.MaxInt16 {
				return fmt.Errorf("pads %v are not supported", pads)
			}
			w.pad[i] = int(p)
		}
	}
	return n.autoPad(w)
}

// autoPad reads auto_pad if the padding does not depend on the size of the input.
func (n *onnxNode) autoPad(w *window) error {
	a := n.attributes["auto_pad"]
	if a == nil {
		return nil
	}
	switch a.text {
	case "", "NOTSET", "VALID":
		return nil
	case "SAME_UPPER", "SAME_LOWER":
		if w.stride == 1 && w.kernel%2 == 1 {
			p := w.kernel / 2
			w.pad = [4]int{p, p, p, p}
			return nil
		}
	}
	return fmt.Errorf("auto_pad %q with stride %d is not supported: export with explicit pads", a.text, w.stride)
}

// maxPool reads a max-pool. ceil_mode exists since opset 10 and many exporters
// drop it; an explicit 0 is respected.
func (n *onnxNode) maxPool(to *node) error {
	to.op = opMaxPool
	if a := n.attributes["ceil_mode"]; a != nil {
		to.round = roundDown
		if a.int != 0 {
			to.round = roundUp
		}
	}
	if len(n.ints("kernel_shape")) == 0 {
		return errors.New("kernel_shape is missing")
	}
	return n.window(&to.window, 0)
}

// averagePool reads an AveragePool, with which older exporters write the global
// average: its window covers the map.
func (n *onnxNode) averagePool(to *node) error {
	to.op = opGlobalAverage
	if len(n.ints("kernel_shape")) == 0 {
		return errors.New("kernel_shape is missing")
	}
	if err := n.window(&to.window, 0); err != nil {
		return err
	}
	if to.pad != [4]int{} {
		return fmt.Errorf("a global average with padding %v is not supported", to.pad)
	}
	return nil
}

// reduceMean reads a ReduceMean over both sides of the map, another form of the
// global average.
func (m *onnxModel) reduceMean(from *onnxNode, n *node) error {
	axes, err := m.axes(from, 4)
	if err != nil {
		return err
	}
	if !slices.Equal(axes, []int64{2, 3}) {
		return fmt.Errorf("a mean over the axes %v is not a global average over [2 3]", axes)
	}
	n.op = opGlobalAverage
	return nil
}

// axes returns the sorted axes of a reduction, of a map of the given rank.
func (m *onnxModel) axes(n *onnxNode, rank int64) ([]int64, error) {
	axes := n.ints("axes")
	if t := m.constant(n, 1); t != nil { // from opset 18 on
		var err error
		if axes, err = t.integers(); err != nil {
			return nil, err
		}
	}
	axes = slices.Clone(axes)
	for i, a := range axes {
		if a < 0 {
			axes[i] += rank
		}
	}
	slices.Sort(axes)
	return axes, nil
}

// mergeMeans recognises the global average in two nodes: a mean over the last
// axis of a map whose sides were joined by a Reshape, a mean over [1 2] of a map
// transposed to NHWC, or a mean over one side after the other. It rewrites the
// second node as a GlobalAveragePool of the map and returns the first ones,
// which are dropped.
func (m *onnxModel) mergeMeans(nodes []*onnxNode) (map[*onnxNode]bool, error) {
	readers := map[string]int{}
	for _, n := range nodes {
		for _, name := range n.in {
			readers[m.edge(name)]++
		}
	}
	dropped := map[*onnxNode]bool{}
	for _, n := range nodes {
		if n.kind != "ReduceMean" || len(n.in) == 0 {
			continue
		}
		edge := m.edge(n.in[0])
		before := m.producers[edge]
		if before == nil || before == n || readers[edge] != 1 || len(before.in) == 0 || dropped[before] {
			continue
		}
		is, err := m.meanOf(before, n)
		if err != nil {
			return nil, n.fail(err)
		}
		if is {
			dropped[before] = true
			n.kind, n.in = "GlobalAveragePool", before.in[:1]
		}
	}
	return dropped, nil
}

// meanOf reports whether two nodes are a global average together.
func (m *onnxModel) meanOf(before, mean *onnxNode) (bool, error) {
	rank := int64(4)
	var first []int64
	switch before.kind {
	case "Reshape":
		rank = 3
	case "ReduceMean":
		var err error
		if first, err = m.axes(before, 4); err != nil {
			return false, err
		}
		if before.int("keepdims", 1) == 0 {
			rank = 3
		}
	}
	axes, err := m.axes(mean, rank)
	if err != nil {
		return false, err
	}
	switch before.kind {
	case "Transpose":
		return slices.Equal(before.ints("perm"), []int64{0, 2, 3, 1}) && slices.Equal(axes, []int64{1, 2}), nil
	case "Reshape":
		return slices.Equal(axes, []int64{2}) && m.joinsSides(before), nil
	case "ReduceMean": // over 3, then 2, or over 2, then what was 3
		last := int64(3)
		if rank == 3 {
			last = 2
		}
		return slices.Equal(first, []int64{3}) && slices.Equal(axes, []int64{2}) ||
			slices.Equal(first, []int64{2}) && slices.Equal(axes, []int64{last}), nil
	}
	return false, nil
}

// joinsSides reports whether a Reshape turns NCHW into NC(HW). A target that is
// computed from the shape of a map is assumed to be that, because no other
// shape of three dimensions keeps the channels.
func (m *onnxModel) joinsSides(n *onnxNode) bool {
	if len(n.in) > 1 && m.shapes[m.edge(n.in[1])] {
		return true
	}
	target := n.ints("shape") // before opset 5
	if t := m.constant(n, 1); t != nil {
		target, _ = t.integers()
	}
	return len(target) == 3 && (target[0] == 0 || target[0] == 1 || target[0] == -1) && target[1] >= 0
}

// pad reads a Pad node with a constant border.
func (m *onnxModel) pad(from *onnxNode, n *node) error {
	if a := from.attributes["mode"]; a != nil && a.text != "" && a.text != "constant" {
		return fmt.Errorf("mode %q is not supported", a.text)
	}
	pads := from.ints("pads")
	if a := from.attributes["value"]; a != nil {
		n.fill = a.float
	}
	if t := m.constant(from, 1); t != nil { // from opset 11 on
		var err error
		if pads, err = t.integers(); err != nil {
			return err
		}
	}
	if t := m.constant(from, 2); t != nil {
		v, err := t.load()
		if err != nil || len(v) != 1 || v[0] != v[0] {
			return fmt.Errorf("%s is not a value to pad with", t)
		}
		n.fill = float64(v[0])
	}
	if len(pads) != 8 || pads[0] != 0 || pads[1] != 0 || pads[4] != 0 || pads[5] != 0 {
		return fmt.Errorf("pads %v: only height and width can be padded", pads)
	}
	for i, p := range []int64{pads[2], pads[3], pads[6], pads[7]} {
		if p < 0 || p > math.MaxInt16 {
			return fmt.Errorf("pads %v are not supported", pads)
		}
		n.pad[i] = int(p)
	}
	n.op = opPad
	return nil
}
