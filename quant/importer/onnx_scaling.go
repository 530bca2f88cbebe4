package importer

import (
	"errors"
	"fmt"
)

// arithmetic reads a sum of two maps (a bypass) or an operation with one
// constant per channel: the bias of a convolution, or a normalization of the
// picture.
func (m *onnxModel) arithmetic(from *onnxNode, n *node) {
	if len(n.in) == 2 && len(from.in) == 2 && (from.kind == "Add" || from.kind == "Sum") {
		n.op = opAdd
		return
	}
	if len(from.in) != 2 || len(n.in) != 1 {
		return // not part of SqueezeNet: graph.layout rejects it if it is reached
	}
	i := 1
	if m.constant(from, 0) != nil {
		i = 0
	}
	t := m.constant(from, i)
	if t == nil || i == 0 && from.kind == "Div" {
		return
	}
	axis, ok := from.channelAxis(t)
	if !ok {
		return
	}
	n.op = opScale
	n.affine = affine{params: []*tensor{t.numbers()}, axis: axis}
	switch from.kind {
	case "Add", "Sum":
		n.affine.combine = summand(1)
	case "Sub":
		n.affine.combine = summand(-1)
		if i == 0 {
			n.affine.combine = func(v []float64) (float64, float64) { return -1, v[0] }
		}
	case "Mul":
		n.affine.combine = product
	case "Div":
		n.affine.combine = quotient
	}
}

// channelAxis returns the axis along which a constant varies, counted from the
// end of a four-dimensional map, or 0 for a single number. ok is false if it
// varies along several, or along rows or columns.
func (n *onnxNode) channelAxis(t *onnxTensor) (axis int, ok bool) {
	end := len(t.shape)
	if a := n.attributes["axis"]; a != nil && a.int >= 0 && a.int < 4 { // before opset 7, the axis of the first dimension
		end = 4 - int(a.int)
	}
	for i, d := range t.shape {
		switch {
		case d == 1:
		case axis != 0:
			return 0, false
		default:
			axis = end - i
		}
	}
	return axis, axis == 0 || axis == channelsFirst || axis == channelsLast
}

// normalization reads an operation that normalizes channels by constants: a
// BatchNormalization with fixed statistics, or an ImageScaler, which older
// converters from Core ML write for the picture.
func (m *onnxModel) normalization(from *onnxNode, n *node) error {
	n.op = opScale
	if from.kind == "ImageScaler" {
		scale, bias := 1.0, []float32(nil)
		if a := from.attributes["scale"]; a != nil {
			scale = a.float
		}
		if a := from.attributes["bias"]; a != nil {
			bias = a.floats
		}
		if len(bias) != 3 {
			return fmt.Errorf("expected three biases, not %d", len(bias))
		}
		n.affine = affine{params: []*tensor{literal("bias", bias...)}, axis: channelsFirst,
			combine: func(v []float64) (float64, float64) { return scale, v[0] }}
		return nil
	}
	if from.int("training_mode", 0) != 0 || len(from.out) > 1 && from.out[1] != "" {
		return errors.New("batch normalization in training mode: export the network for inference, in PyTorch after model.eval()")
	}
	if from.int("spatial", 1) == 0 { // before opset 9
		return errors.New("batch normalization per pixel (spatial=0) is not supported")
	}
	var p [4]*tensor // gamma, beta, mean, variance
	for i := range p {
		t := m.constant(from, i+1)
		if t == nil {
			return fmt.Errorf("its parameter %d is not a constant of the file", i+1)
		}
		p[i] = &t.tensor
	}
	epsilon := 1e-5
	if a := from.attributes["epsilon"]; a != nil {
		epsilon = a.float
	}
	n.affine = batchNorm(p[normGamma], p[normBeta], p[normMean], p[normVariance], epsilon)
	return nil
}
