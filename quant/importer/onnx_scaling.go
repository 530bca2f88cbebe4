package importer

import (
	"fmt"
	"math"
)

// arithmetic reads a sum of two maps (a bypass) or, with one constant, a
// normalization of the picture.
func (m *onnxModel) arithmetic(from *onnxNode, n *node) error {
	if len(n.in) == 2 && len(from.in) == 2 && (from.kind == "Add" || from.kind == "Sum") {
		n.op = opAdd
		return nil
	}
	if len(from.in) != 2 || len(n.in) != 1 {
		return nil // not part of SqueezeNet: graph.layout rejects it if it is reached
	}
	constantFirst := m.constant(from, 0) != nil
	if constantFirst && (from.kind == "Sub" || from.kind == "Div") {
		return nil
	}
	i := 1
	if constantFirst {
		i = 0
	}
	t := m.constant(from, i)
	if t == nil {
		return nil
	}
	v, ok, err := m.perChannel(from, t)
	if err != nil || !ok {
		return err
	}
	n.op = opScale
	for c := range 3 {
		n.scale[c] = 1
		switch from.kind {
		case "Add", "Sum":
			n.shift[c] = v[c]
		case "Sub":
			n.shift[c] = -v[c]
		case "Mul":
			n.scale[c] = v[c]
		case "Div":
			n.scale[c] = 1 / v[c]
		}
	}
	return nil
}

// perChannel reads a constant that applies to three channels: one number, or
// three along the axis of the channels.
func (m *onnxModel) perChannel(n *onnxNode, t *onnxTensor) (v [3]float64, ok bool, err error) {
	count, axis := t.count(), -1
	for i, d := range t.shape {
		if d == 3 {
			axis = len(t.shape) - i
		}
	}
	if a := n.attributes["axis"]; a != nil && a.int == 1 && len(t.shape) == 1 { // before opset 7
		axis = 3
	}
	if count != 1 && (count != 3 || axis != 3) {
		return v, false, nil
	}
	values, err := t.values()
	if err != nil {
		return v, false, err
	}
	for c := range v {
		v[c] = float64(values[min(c, count-1)])
	}
	return v, true, nil
}

// normalization reads a normalization of the picture's three channels: a
// BatchNormalization with fixed statistics, or an ImageScaler, which older
// converters from Core ML write. Elsewhere in the network, graph.layout rejects
// it.
func (m *onnxModel) normalization(from *onnxNode, n *node) error {
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
		n.op = opScale
		for c := range 3 {
			n.scale[c], n.shift[c] = scale, float64(bias[c])
		}
		return nil
	}
	var p [4][]float32 // scale, bias, mean, variance
	for i := range p {
		t := m.constant(from, i+1)
		if t == nil || t.count() != 3 {
			return nil
		}
		var err error
		if p[i], err = t.values(); err != nil {
			return err
		}
	}
	epsilon := 1e-5
	if a := from.attributes["epsilon"]; a != nil {
		epsilon = a.float
	}
	n.op = opScale
	for c := range 3 {
		n.scale[c] = float64(p[0][c]) / math.Sqrt(float64(p[3][c])+epsilon)
		n.shift[c] = float64(p[1][c]) - float64(float64(p[2][c])*n.scale[c])
	}
	return nil
}
