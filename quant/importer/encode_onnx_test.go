package importer

import (
	"encoding/binary"
	"fmt"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"halfmeg/model"
)

// onnxSpelling selects among the many ways to write a network in ONNX.
type onnxSpelling struct {
	kind      int64 // data type of the parameters; 0 means FLOAT
	typed     bool  // values in the typed fields instead of raw_data
	unpacked  bool  // typed fields are not packed
	constants bool  // parameters are Constant nodes, passed through Identity
	listed    bool  // initializers are also inputs of the graph (old opsets)
	reversed  bool  // nodes in reverse order
	ceil      int   // 1, -1: ceil_mode=1, 0; 0: no attribute
	pads      bool  // padding by Pad nodes, ceil mode by a border at the bottom and right
	lateRelu  bool  // one ReLU after the concatenation
	average   int   // AveragePool of this side instead of the global one
	newTail   bool  // ReduceMean, Dropout with inputs, Flatten
	side      int   // of the input; 0 if not fixed
	caffe     bool  // Caffe's names
	front     []onnxFront
}

// onnxFront is a node that scales the picture.
type onnxFront struct {
	kind       string
	values     []float32
	shape      []int64
	attributes []pb
}

type onnxWriter struct {
	onnxSpelling
	nodes, initializers, inputs []pb
}

func attributeInt(name string, v int64) pb { return pb{}.text(1, name).int(3, v).int(20, 2) }

func attributeInts(name string, v ...int64) pb {
	a := pb{}.text(1, name).int(20, 7)
	for _, x := range v {
		a = a.int(8, x)
	}
	return a
}

func (w *onnxWriter) node(kind string, in []string, out string, attributes ...pb) string {
	n := pb{}
	for _, x := range in {
		n = n.text(1, x)
	}
	n = n.text(2, out).text(3, "the "+out).text(4, kind)
	for _, a := range attributes {
		n = n.bytes(5, a)
	}
	w.nodes = append(w.nodes, n)
	return out
}

// tensor encodes a TensorProto.
func (w *onnxWriter) tensor(name string, shape []int64, values []float32) pb {
	kind := w.kind
	if kind == 0 {
		kind = onnxFloat
	}
	d := onnxTypes[kind]
	t := pb{}.ints(1, shape...).int(2, kind).text(8, name)
	number := map[dtype]protowire.Number{float32Type: 4, float64Type: 10, float16Type: 5, bfloat16Type: 5}[d]
	switch raw := encode(d, values); {
	case !w.typed:
		return t.bytes(9, raw)
	case d.size() == 2:
		for _, v := range values {
			t = t.int(number, int64(narrow(d, v)))
		}
		return t
	case w.unpacked:
		for _, v := range values {
			t = t.float(number, v)
		}
		return t
	default:
		return t.bytes(number, raw)
	}
}

func (w *onnxWriter) parameter(name string, shape []int64, values []float32) string {
	if w.constants {
		w.node("Constant", nil, name+"_raw", pb{}.text(1, "value").bytes(5, w.tensor("", shape, values)).int(20, 4))
		return w.node("Identity", []string{name + "_raw"}, name)
	}
	w.initializers = append(w.initializers, w.tensor(name, shape, values))
	if w.listed {
		w.inputs = append(w.inputs, valueInfo(name, shape))
	}
	return name
}

func valueInfo(name string, dims []int64) pb {
	shape := pb{}
	for _, d := range dims {
		dim := pb{}.int(1, d)
		if d == 0 {
			dim = pb{}.text(2, "side")
		}
		shape = shape.bytes(1, dim)
	}
	return pb{}.text(1, name).bytes(2, pb{}.bytes(1, pb{}.int(1, onnxFloat).bytes(2, shape)))
}

func (w *onnxWriter) integers(name string, values ...int64) string {
	var raw []byte
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	w.initializers = append(w.initializers, pb{}.ints(1, int64(len(values))).int(2, onnxInt64).text(8, name).bytes(9, raw))
	return name
}

// window encodes a window, with its padding as attributes or as a node of its own,
// and returns the edge to read.
func (w *onnxWriter) window(edge, out string, kernel, stride int, pads [4]int64) (string, []pb) {
	k, s := int64(kernel), int64(stride)
	a := []pb{attributeInts("kernel_shape", k, k), attributeInts("strides", s, s)}
	if w.pads && pads != [4]int64{} {
		p := w.integers(out+"_pads", 0, 0, pads[0], pads[1], 0, 0, pads[2], pads[3])
		return w.node("Pad", []string{edge, p}, out+"_padded"), a
	}
	return edge, append(a, attributeInts("pads", pads[:]...))
}

func (w *onnxWriter) conv(s *sample, i int, edge string, relu bool) string {
	step := s.steps[i]
	name := s.torchName(i)
	if w.caffe {
		name = step.Name
	}
	p := int64(step.Pad)
	in, attributes := w.window(edge, name, step.Kernel, step.Stride, [4]int64{p, p, p, p})
	out := w.node("Conv", []string{in,
		w.parameter(name+".weight", s.shape(i), s.weights[i]),
		w.parameter(name+".bias", []int64{int64(step.Out)}, s.bias[i])}, name+"_out", attributes...)
	if relu {
		return w.node("Relu", []string{out}, name+"_relu")
	}
	return out
}

func (w *onnxWriter) pool(edge string, number int) string {
	out := fmt.Sprintf("pool%d", number)
	pads := [4]int64{}
	if w.pads {
		pads = [4]int64{0, 0, 1, 1}
	}
	in, attributes := w.window(edge, out, 3, 2, pads)
	if w.ceil != 0 {
		attributes = append(attributes, attributeInt("ceil_mode", int64(max(w.ceil, 0))))
	}
	return w.node("MaxPool", []string{in}, out, attributes...)
}

// onnx encodes a sample as a ModelProto.
func (s *sample) onnx(spelling onnxSpelling) []byte {
	w := &onnxWriter{onnxSpelling: spelling}
	w.inputs = []pb{valueInfo("picture", []int64{1, 3, int64(w.side), int64(w.side)})}
	edge := "picture"
	for i, f := range w.front {
		in := []string{edge}
		if f.values != nil {
			in = append(in, w.parameter(fmt.Sprintf("constant%d", i), f.shape, f.values))
		}
		edge = w.node(f.kind, in, fmt.Sprintf("front%d", i), f.attributes...)
	}
	edge = w.conv(s, 0, edge, true)
	for i := 1; ; i += 3 {
		if number := (i + 2) / 3; slices.Contains(s.topology.PoolAfter, number) {
			edge = w.pool(edge, number)
		}
		if s.steps[i].Kind == model.Conv10 {
			break
		}
		edge = w.fire(s, i, edge)
	}
	w.tail(s, edge)
	return w.model()
}

func (w *onnxWriter) fire(s *sample, i int, edge string) string {
	name := fmt.Sprintf("fire%d", i)
	squeezed := w.conv(s, i, edge, true)
	e3x3 := w.conv(s, i+2, squeezed, !w.lateRelu) // the order of the branches must not matter
	e1x1 := w.conv(s, i+1, squeezed, !w.lateRelu)
	out := w.node("Concat", []string{e1x1, e3x3}, name, attributeInt("axis", 1))
	if w.lateRelu {
		out = w.node("Relu", []string{out}, name+"_relu")
	}
	if s.topology.Fires[s.steps[i].Fire].Bypass {
		out = w.node("Add", []string{edge, out}, name+"_sum")
	}
	return out
}

func (w *onnxWriter) tail(s *sample, edge string) {
	in := []string{edge}
	if w.newTail {
		in = append(in, w.parameter("ratio", nil, []float32{0.5}))
	}
	edge = w.node("Dropout", in, "dropout")
	edge = w.conv(s, len(s.steps)-1, edge, true)
	switch {
	case w.average > 0:
		a := int64(w.average)
		edge = w.node("AveragePool", []string{edge}, "average", attributeInts("kernel_shape", a, a))
	case w.newTail:
		edge = w.node("ReduceMean", []string{edge, w.integers("axes", -1, -2)}, "average")
	default:
		edge = w.node("GlobalAveragePool", []string{edge}, "average")
	}
	w.node("Softmax", []string{w.node("Flatten", []string{edge}, "flat")}, "probabilities")
}

func (w *onnxWriter) model() []byte {
	if w.reversed {
		slices.Reverse(w.nodes)
	}
	g := pb{}
	for _, n := range w.nodes {
		g = g.bytes(1, n)
	}
	for _, t := range w.initializers {
		g = g.bytes(5, t)
	}
	for _, in := range w.inputs {
		g = g.bytes(11, in)
	}
	return pb{}.int(1, 8).text(2, "test").bytes(7, g).bytes(8, pb{}.int(2, 13))
}
