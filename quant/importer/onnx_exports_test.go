package importer

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
)

// TestONNXBatchNorm: batch normalization between a convolution and its ReLU is
// folded, also where it follows the concatenation of a fire module.
func TestONNXBatchNorm(t *testing.T) {
	for name, variant := range map[string]onnxVariant{
		"plain":                     {},
		"half":                      {kind: onnxFloat16},
		"constants, reversed":       {constants: true, reversed: true},
		"bias as a sum":             {biasAdd: "axis"},
		"after the concatenation":   {lateNorm: true, lateRelu: true},
		"before the concatenation":  {lateRelu: true},
		"initializers among inputs": {listed: true},
	} {
		t.Run(name, func(t *testing.T) {
			topology := unpadded()
			topology.Head.Linear = variant.listed
			s := newSample(t, topology).normalize()
			if variant.kind == onnxFloat16 {
				for i := range s.norms {
					for p := range s.norms[i] {
						for c, v := range s.norms[i][p] {
							s.norms[i][p][c] = fromHalf(narrow(float16Type, v))
						}
					}
				}
			}
			l := mustRead(t, s.onnx(variant), Options{Size: 64})
			s.requireLogits(t, l)
		})
	}
}

// TestONNXBatchNormRejections: what cannot be folded is rejected with the reason.
func TestONNXBatchNormRejections(t *testing.T) {
	norm := func(in string, more ...pb) []byte {
		w := &onnxWriter{}
		w.inputs = []pb{valueInfo("picture", []int64{1, 3, 64, 64})}
		w.node("Conv", []string{"picture", w.parameter("w", []int64{2, 3, 3, 3}, make([]float32, 54))}, "conv")
		w.node("Relu", []string{"conv"}, "relu")
		parameters := []string{in}
		for _, p := range []string{"scale", "B", "mean", "var"} {
			parameters = append(parameters, w.parameter(p, []int64{2}, make([]float32, 2)))
		}
		w.node("BatchNormalization", parameters, "normal", more...)
		return w.model()
	}
	for text, data := range map[string][]byte{
		"folded only between a convolution and its ReLU": norm("relu"),
		"in training mode": norm("conv", attributeInt("training_mode", 1)),
		"(spatial=0)":      norm("conv", attributeInt("spatial", 0)),
	} {
		_, err := read(data, Options{})
		require.ErrorContains(t, err, text)
		require.ErrorContains(t, err, `node "the normal" (BatchNormalization`)
	}
	s := newSample(t, unpadded()).normalize()
	s.norms[2][3][1] = -1
	_, err := read(s.onnx(onnxVariant{}), Options{})
	require.ErrorContains(t, err, `fire2/expand1x1: tensor "features.3.expand1x1.bn.var"`)
	s = newSample(t, unpadded()).normalize()
	s.norms[2][0] = s.norms[2][0][:2]
	_, err = read(s.onnx(onnxVariant{}), Options{})
	require.ErrorContains(t, err, "expected one value for each of 3 channels")
}

// TestONNXConvAdd: a constant per channel after a convolution is its bias.
func TestONNXConvAdd(t *testing.T) {
	for _, form := range []string{"column", "axis", "unsqueezed", "multiplied"} {
		for _, constants := range []bool{false, true} {
			t.Run(form, func(t *testing.T) {
				s := newSample(t, tiny())
				s.require(t, mustRead(t, s.onnx(onnxVariant{biasAdd: form, constants: constants}), Options{Size: 64}))
			})
		}
	}
}

// TestONNXConstantAttributes: the values of Constant nodes in attributes.
func TestONNXConstantAttributes(t *testing.T) {
	s := newSample(t, tiny())
	s.require(t, mustRead(t, s.onnx(onnxVariant{values: true, newTail: true, pads: true}), Options{Size: 64}))

	for name, a := range map[string]pb{
		"value_float":  pb{}.text(1, "value_float").float(2, 255).int(20, 1),
		"value_floats": pb{}.text(1, "value_floats").float(7, 255).int(20, 6),
		"value_int":    pb{}.text(1, "value_int").int(3, 255).int(20, 2),
		"value_ints":   pb{}.text(1, "value_ints").int(8, 255).int(20, 7),
	} {
		t.Run(name, func(t *testing.T) {
			w := &onnxWriter{}
			w.inputs = []pb{valueInfo("picture", []int64{1, 3, 64, 64})}
			w.node("Constant", nil, "c", a)
			w.node("Div", []string{"picture", w.node("CastLike", []string{"c", "picture"}, "f")}, "scaled")
			f, err := readONNX(w.model(), &externalFiles{})
			require.NoError(t, err)
			factors, _, err := f.graph.nodes[0].affine.values(3)
			require.NoError(t, err)
			require.Equal(t, []float64{1. / 255, 1. / 255, 1. / 255}, factors)
		})
	}
}

// TestONNXExternalData: tensors in a file of the model's own folder are read, and
// no others.
func TestONNXExternalData(t *testing.T) {
	write := func(location string, name string, cut int) (string, *sample) {
		s := newSample(t, tiny())
		w := &externalWriter{location: location}
		data := s.onnx(onnxVariant{external: w, side: 64})
		folder := filepath.Join(t.TempDir(), "model")
		require.NoError(t, os.MkdirAll(folder, 0o700))
		path := filepath.Join(folder, "mine.onnx")
		require.NoError(t, os.WriteFile(path, data, 0o600))
		if name != "" {
			require.NoError(t, os.WriteFile(filepath.Join(folder, name), w.data[:len(w.data)-cut], 0o600))
		}
		return path, s
	}
	path, s := write("mine.onnx.data", "mine.onnx.data", 0)
	l, err := Load(path, Options{})
	require.NoError(t, err)
	s.require(t, l)
	hash := l.Network.Source.SHA256
	data, err := os.ReadFile(path + ".data")
	require.NoError(t, err)
	data[0] ^= 1
	require.NoError(t, os.WriteFile(path+".data", data, 0o600))
	l, err = Load(path, Options{})
	require.NoError(t, err)
	require.NotEqual(t, hash, l.Network.Source.SHA256)

	for text, c := range map[string]struct {
		location, name string
		cut            int
	}{
		`"../mine.onnx.data" (external data), which is not a plain name`: {"../mine.onnx.data", "../mine.onnx.data", 0},
		`"/etc/passwd" (external data), which is not a plain name`:       {"/etc/passwd", "", 0},
		`"sub\\x" (external data), which is not a plain name`:            {`sub\x`, "", 0},
		`".." (external data), which is not a plain name`:                {"..", "", 0},
		`"" (external data), which is not a plain name`:                  {"", "", 0},
		`"a" (external data), which is missing from the model's folder`:  {"a", "b", 0},
		`are not in the file "a" of`:                                     {"a", "a", 4},
	} {
		path, _ := write(c.location, c.name, c.cut)
		_, err := Load(path, Options{})
		require.ErrorContains(t, err, text)
	}
	path, _ = write("a", "", 0)
	_, err = Load(path, Options{})
	require.ErrorContains(t, err, "torch.onnx.export(..., external_data=False)")
	require.NoError(t, os.Mkdir(filepath.Join(filepath.Dir(path), "a"), 0o700))
	_, err = Load(path, Options{})
	require.ErrorContains(t, err, "not a regular file")

	path, _ = write("a", "../outside", 0)
	require.NoError(t, os.Symlink("../outside", filepath.Join(filepath.Dir(path), "a")))
	_, err = Load(path, Options{})
	require.ErrorContains(t, err, "escapes")
}

// TestONNXExternalSizes: what a model states about a part of a file must fit its
// shape and the file.
func TestONNXExternalSizes(t *testing.T) {
	e := &externalFiles{files: []externalFile{{"a", make([]byte, 10)}}}
	v, err := e.read(externalRange{"a", 2, -1}, 8)
	require.NoError(t, err)
	require.Len(t, v, 8)
	for _, p := range []externalRange{{"a", 2, 4}, {"a", 3, 8}, {"a", -1, 8}, {"a", 1 << 62, 8}, {"a", 11, -1}} {
		_, err := e.read(p, 8)
		require.ErrorContains(t, err, `"a"`)
	}
	for _, entry := range []pb{pb{}.text(1, "offset").text(2, "x"), pb{}.text(1, "length").text(2, "-1"), pb{}.text(1, "length").text(2, "99999999999999999999")} {
		require.ErrorContains(t, new(externalRange).entry(message{data: entry}), "external data: ")
	}
}

// TestONNXChannelsLast: a picture in NHWC that is transposed first.
func TestONNXChannelsLast(t *testing.T) {
	row := onnxScaling{kind: "Sub", values: []float32{124, 116, 104}, shape: []int64{3}}
	for name, front := range map[string][]onnxScaling{
		"plain":      nil,
		"normalized": {row, {kind: "Mul", values: []float32{1. / 64}, shape: nil}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSample(t, tiny())
			l := mustRead(t, s.onnx(onnxVariant{nhwc: true, side: 64, front: front, mean: "transposed", hwio: true}), Options{})
			s.require(t, l)
			if front != nil {
				require.Equal(t, [3]float32{124, 116, 104}, l.Network.Input.Mean)
				require.Equal(t, [3]float32{64, 64, 64}, l.Network.Input.Std)
			}
		})
	}
	_, err := read(newSample(t, tiny()).onnx(onnxVariant{front: []onnxScaling{row}}), Options{})
	require.ErrorContains(t, err, "does not apply to the channels") // along the width
}

// TestONNXShapes: arithmetic on shapes and other forms of the global average.
func TestONNXShapes(t *testing.T) {
	for name, variant := range map[string]onnxVariant{
		"tail":             {shapes: true},
		"tail, reversed":   {shapes: true, reversed: true, noSoftmax: true},
		"tail, constants":  {shapes: true, values: true, constants: true},
		"one side each":    {mean: "sides"},
		"sides joined":     {mean: "reshaped"},
		"sides as a shape": {mean: "computed"},
		"everything":       {mean: "computed", shapes: true, reversed: true, values: true, side: 64},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSample(t, tiny())
			s.require(t, mustRead(t, s.onnx(variant), Options{Size: 64}))
		})
	}
}

// TestONNXFoldsPads evaluates the chain that PyTorch's exporter writes for F.pad.
func TestONNXFoldsPads(t *testing.T) {
	w := &onnxWriter{}
	w.inputs = []pb{valueInfo("picture", []int64{1, 3, 64, 64})}
	fill := pb{}.text(1, "value").bytes(5, pb{}.ints(1, 1).int(2, onnxInt64).ints(7, 0)).int(20, 4)
	zeros := w.node("ConstantOfShape", []string{w.integers("four", 4)}, "zeros", fill)
	all := w.node("Concat", []string{w.integers("pads", 1, 2, 3, 4), zeros}, "all", attributeInt("axis", 0)) // left, right, top, bottom
	table := w.node("Reshape", []string{all, w.integers("table_shape", -1, 2)}, "table")
	back := w.node("Slice", []string{table, w.integers("starts", -1), w.integers("ends", -1<<63+1), w.integers("axis", 0), w.integers("steps", -1)}, "back")
	turned := w.node("Transpose", []string{back}, "turned", attributeInts("perm", 1, 0))
	flat := w.node("Cast", []string{w.node("Reshape", []string{turned, w.integers("flat_shape", -1)}, "flat")}, "cast")
	w.node("Pad", []string{"picture", flat}, "padded")
	f, err := readONNX(w.model(), &externalFiles{})
	require.NoError(t, err)
	last := f.graph.nodes[len(f.graph.nodes)-1]
	require.Equal(t, opPad, last.op)
	require.Equal(t, [4]int{3, 1, 4, 2}, last.pad)
}

func TestONNXQuantized(t *testing.T) {
	for _, kind := range []string{"QLinearConv", "QuantizeLinear", "DequantizeLinear", "ConvInteger", "DynamicQuantizeLinear", "QLinearAdd"} {
		w := &onnxWriter{}
		w.inputs = []pb{valueInfo("picture", []int64{1, 3, 64, 64})}
		w.node(kind, []string{"picture"}, "out")
		_, err := read(w.model(), Options{})
		require.ErrorContains(t, err, `node "the out" (`+kind)
		require.ErrorContains(t, err, "already quantized: use the float network")
	}
}

// TestStatedSize: a fixed input size is used, and a non-square one is rejected.
func TestStatedSize(t *testing.T) {
	s := newSample(t, tiny())
	for _, variant := range []onnxVariant{{dims: []int64{1, 3, 48, 80}}, {nhwc: true, dims: []int64{1, 48, 80, 3}}} {
		_, err := read(s.onnx(variant), Options{})
		require.ErrorContains(t, err, "the file states an input of 48x80 pixels (height x width)")
		l := mustRead(t, s.onnx(variant), Options{Size: 64})
		s.require(t, l)
		require.True(t, assumes(l, "input side 64, although the file states 48x80"))
	}
	for _, dims := range [][]int64{{0, 3, 64, 64}, {0, 3, 64, 0}, {1, 3, 0, 64}} {
		l := mustRead(t, s.onnx(onnxVariant{dims: dims}), Options{})
		require.Equal(t, 64, l.Network.Topology.Size)
		require.False(t, assumes(l, "(-size)"))
	}
	require.True(t, assumes(mustRead(t, s.onnx(onnxVariant{dims: []int64{1, 3, 0, 0}}), Options{}), "input side 224"))
}

// TestPartialAverage: an average over less than the map is rejected.
func TestPartialAverage(t *testing.T) {
	for _, options := range []Options{{}, {Pool: "floor"}} {
		s := newSample(t, tiny())
		_, err := read(s.onnx(onnxVariant{average: 5, side: 64}), options)
		require.ErrorContains(t, err, `node "the average" (AveragePool`)
		require.ErrorContains(t, err, "averages 5x5, but the last map is 9x9 with an input of 64 pixels")
	}
	v11 := slim(model.V11())
	v11.Size = 64
	s := newSample(t, v11)
	s.require(t, mustRead(t, s.onnx(onnxVariant{average: 3, side: 64}), Options{}))
	_, err := read(s.onnx(onnxVariant{average: 2, side: 64}), Options{})
	require.ErrorContains(t, err, "averages 2x2, but the last map is 3x3")
}
