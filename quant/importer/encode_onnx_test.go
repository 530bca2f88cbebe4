package importer

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"

	"halfmeg/model"
)

// onnxVariant selects among the many ways to encode a network in ONNX.
type onnxVariant struct {
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
	front     []onnxScaling
	biasAdd   string // "", "column" (1xCx1x1), "axis" (before opset 7), "unsqueezed" or "multiplied": the bias is a node
	lateNorm  bool   // batch normalization of the expand layers after the concatenation
	values    bool   // integers are Constant nodes with value_ints
	nhwc      bool   // the picture is transposed from NHWC
	dims      []int64
	mean      string // "", "sides", "transposed", "reshaped" or "computed": other forms of the global average
	shapes    bool   // the tail computes the shape of a Reshape
	noSoftmax bool   // ends with the logits
	external  *externalWriter
	hwio      bool // weights are transposed from TensorFlow's order
}

// externalWriter collects tensors that are stored outside the model.
type externalWriter struct {
	location string
	data     []byte
}

// onnxScaling is a node that scales the picture.
type onnxScaling struct {
	kind       string
	values     []float32
	shape      []int64
	attributes []pb
}

type onnxWriter struct {
	onnxVariant
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
	case w.external != nil:
		entry := func(key, value string) pb { return pb{}.text(1, key).text(2, value) }
		t = t.bytes(13, entry("location", w.external.location)).bytes(13, entry("offset", strconv.Itoa(len(w.external.data))))
		if len(raw)%8 == 0 { // the length is optional
			t = t.bytes(13, entry("length", strconv.Itoa(len(raw))))
		}
		w.external.data = append(w.external.data, raw...)
		return t.int(14, 1)
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
	if w.values {
		a := pb{}.text(1, "value_ints").int(20, 7)
		for _, v := range values {
			a = a.int(8, v)
		}
		return w.node("Constant", nil, name, a)
	}
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
	var weights string
	if w.hwio {
		weights = w.transposedWeights(s, i, name)
	} else {
		weights = w.parameter(name+".weight", s.shape(i), s.weights[i])
	}
	parameters := []string{in, weights}
	if w.biasAdd == "" {
		parameters = append(parameters, w.parameter(name+".bias", []int64{int64(step.Out)}, s.bias[i]))
	}
	out := w.node("Conv", parameters, name+"_out", attributes...)
	out = w.bias(out, name, int64(step.Out), s.bias[i])
	if s.norms != nil && (!w.lateNorm || i == 0 || i == len(s.steps)-1 || step.Kind == model.Squeeze) {
		out = w.norm(out, name, s.norms[i])
	}
	if relu {
		return w.node("Relu", []string{out}, name+"_relu")
	}
	return out
}

// transposedWeights writes weights in TensorFlow's order and their transposition.
func (w *onnxWriter) transposedWeights(s *sample, i int, name string) string {
	shape := s.shape(i)
	out, in, area := shape[0], shape[1], shape[2]*shape[3]
	hwio := make([]float32, 0, len(s.weights[i]))
	for p := range area {
		for c := range in {
			for o := range out {
				hwio = append(hwio, s.weights[i][(o*in+c)*area+p])
			}
		}
	}
	raw := w.parameter(name+".hwio", []int64{shape[2], shape[3], in, out}, hwio)
	return w.node("Transpose", []string{raw}, name+".weight", attributeInts("perm", 3, 2, 0, 1))
}

// bias writes the bias as a node of its own.
func (w *onnxWriter) bias(edge, name string, out int64, values []float32) string {
	switch w.biasAdd {
	case "":
		return edge
	case "column":
		return w.node("Add", []string{w.parameter(name+".bias", []int64{1, out, 1, 1}, values), edge}, name+"_biased")
	case "axis":
		return w.node("Add", []string{edge, w.parameter(name+".bias", []int64{out}, values)}, name+"_biased",
			attributeInt("broadcast", 1), attributeInt("axis", 1))
	case "unsqueezed":
		column := w.node("Unsqueeze", []string{w.parameter(name+".bias", []int64{out}, values)}, name+"_column", attributeInts("axes", 1, 2))
		return w.node("Add", []string{edge, column}, name+"_biased")
	default: // multiplied: (x/2 - -bias/2) * 2
		halves := make([]float32, len(values))
		for i, v := range values {
			halves[i] = -v / 2
		}
		edge = w.node("Div", []string{edge, w.parameter(name+".two", nil, []float32{2})}, name+"_halved")
		edge = w.node("Sub", []string{edge, w.parameter(name+".bias", []int64{out, 1, 1}, halves)}, name+"_biased")
		return w.node("Mul", []string{edge, w.parameter(name+".twos", []int64{1}, []float32{2})}, name+"_doubled")
	}
}

func (w *onnxWriter) norm(edge, name string, norm [4][]float32) string {
	in := []string{edge}
	for i, part := range []string{"scale", "B", "mean", "var"} {
		in = append(in, w.parameter(name+".bn."+part, []int64{int64(len(norm[i]))}, norm[i]))
	}
	return w.node("BatchNormalization", in, name+"_normal", pb{}.text(1, "epsilon").float(2, normEpsilon).int(20, 1))
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
func (s *sample) onnx(variant onnxVariant) []byte {
	w := &onnxWriter{onnxVariant: variant}
	dims := []int64{1, 3, int64(w.side), int64(w.side)}
	if w.nhwc {
		dims = []int64{0, int64(w.side), int64(w.side), 3}
	}
	if w.dims != nil {
		dims = w.dims
	}
	w.inputs = []pb{valueInfo("picture", dims)}
	edge := "picture"
	for i, f := range w.front {
		in := []string{edge}
		if f.values != nil {
			in = append(in, w.parameter(fmt.Sprintf("constant%d", i), f.shape, f.values))
		}
		edge = w.node(f.kind, in, fmt.Sprintf("front%d", i), f.attributes...)
	}
	if w.nhwc {
		edge = w.node("Transpose", []string{edge}, "planes", attributeInts("perm", 0, 3, 1, 2))
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
	if w.lateNorm && s.norms != nil {
		var both [4][]float32
		for p := range both {
			both[p] = slices.Concat(s.norms[i+1][p], s.norms[i+2][p])
		}
		out = w.norm(out, name, both)
	}
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
	edge = w.conv(s, len(s.steps)-1, edge, !s.topology.Head.Linear)
	edge = w.globalAverage(edge, int64(s.topology.Head.Classes))
	if w.shapes {
		batch := w.node("Gather", []string{w.node("Shape", []string{edge}, "shape"), w.integers("zero", 0)}, "batch")
		rest := w.node("Div", []string{w.node("Size", []string{edge}, "size"), batch}, "rest")
		edge = w.node("Reshape", []string{edge, w.node("Concat", []string{batch, rest}, "target", attributeInt("axis", 0))}, "logits")
	} else {
		edge = w.node("Flatten", []string{edge}, "flat")
	}
	if !w.noSoftmax {
		w.node("Softmax", []string{edge}, "probabilities")
	}
}

func (w *onnxWriter) globalAverage(edge string, classes int64) string {
	mean := func(edge, out string, axes ...int64) string {
		return w.node("ReduceMean", []string{edge}, out, attributeInts("axes", axes...), attributeInt("keepdims", 0))
	}
	switch {
	case w.average > 0:
		a := int64(w.average)
		return w.node("AveragePool", []string{edge}, "average", attributeInts("kernel_shape", a, a))
	case w.newTail:
		return w.node("ReduceMean", []string{edge, w.integers("axes", -1, -2)}, "average")
	case w.mean == "sides":
		return mean(mean(edge, "rows", 3), "average", -1)
	case w.mean == "transposed":
		return mean(w.node("Transpose", []string{edge}, "last", attributeInts("perm", 0, 2, 3, 1)), "average", 1, 2)
	case w.mean == "reshaped":
		return mean(w.node("Reshape", []string{edge, w.integers("joined", 1, classes, -1)}, "row"), "average", -1)
	case w.mean == "computed":
		sides := w.node("Slice", []string{w.node("Shape", []string{edge}, "dims"), w.integers("from", 0), w.integers("to", 2), w.integers("over", 0)}, "kept")
		target := w.node("Concat", []string{sides, w.integers("open", -1)}, "joined", attributeInt("axis", 0))
		return mean(w.node("Reshape", []string{edge, target}, "row"), "average", 2)
	}
	return w.node("GlobalAveragePool", []string{edge}, "average")
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
