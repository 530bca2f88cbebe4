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
		if name != "" && m.constant(from, i) == nil {
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
		return n, m.arithmetic(from, n)
	case "BatchNormalization", "ImageScaler":
		return n, m.normalization(from, n)
	case "Pad":
		return n, m.pad(from, n)
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
// drop it; an explicit 0 is taken at its word.
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
	axes := from.ints("axes")
	if t := m.constant(from, 1); t != nil { // from opset 18 on
		var err error
		if axes, err = t.integers(); err != nil {
			return err
		}
	}
	axes = slices.Clone(axes)
	for i, a := range axes {
		if a < 0 {
			axes[i] += 4
		}
	}
	slices.Sort(axes)
	if !slices.Equal(axes, []int64{2, 3}) {
		return fmt.Errorf("a mean over the axes %v is not a global average over [2 3]", axes)
	}
	n.op = opGlobalAverage
	return nil
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
