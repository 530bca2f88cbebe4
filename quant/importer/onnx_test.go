package importer

import (
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
)

func TestONNXSpellings(t *testing.T) {
	for name, variant := range map[string]onnxVariant{
		"raw":             {},
		"typed":           {typed: true},
		"unpacked":        {typed: true, unpacked: true},
		"half":            {kind: onnxFloat16},
		"half typed":      {kind: onnxFloat16, typed: true},
		"bfloat":          {kind: onnxBfloat16},
		"bfloat typed":    {kind: onnxBfloat16, typed: true},
		"double typed":    {kind: onnxDouble, typed: true},
		"constants":       {constants: true},
		"old opset":       {listed: true},
		"new opset":       {newTail: true, ceil: 1},
		"reversed":        {reversed: true, constants: true},
		"late ReLU":       {lateRelu: true},
		"pads":            {pads: true},
		"average of side": {average: 9, side: 64},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSample(t, tiny())
			l := mustRead(t, s.onnx(variant), Options{Size: 64})
			s.require(t, l)
			require.Equal(t, "onnx", l.Format)
			require.Equal(t, "custom", l.Network.Topology.Name)
		})
	}
}

func TestONNXPooling(t *testing.T) {
	// At 67 the second pool reads a map of 16, so it returns 8 rounded up or 7
	// rounded down, and the padded head adds 2. At 64 it reads 15 and returns 7
	// either way.
	for name, c := range map[string]struct {
		variant onnxVariant
		options Options
		ceil    bool
		assumed bool
	}{
		"unstated":             {onnxVariant{}, Options{Size: 67}, true, true},
		"stated up":            {onnxVariant{ceil: 1}, Options{Size: 67}, true, false},
		"stated down":          {onnxVariant{ceil: -1}, Options{Size: 67}, false, true},
		"padded":               {onnxVariant{pads: true}, Options{Size: 67}, true, false},
		"option down":          {onnxVariant{ceil: 1}, Options{Size: 67, Pool: "floor"}, false, false},
		"option up":            {onnxVariant{ceil: -1}, Options{Size: 67, Pool: "ceil"}, true, false},
		"irrelevant":           {onnxVariant{}, Options{Size: 64}, true, false},
		"average implies up":   {onnxVariant{average: 10, side: 67}, Options{}, true, false},
		"average implies down": {onnxVariant{average: 9, side: 67}, Options{}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			topology := tiny()
			topology.Size = 67
			l := mustRead(t, newSample(t, topology).onnx(c.variant), c.options)
			require.Equal(t, c.ceil, l.Network.Topology.PoolCeil)
			require.Equal(t, c.assumed, assumes(l, "(-pool)"), "%q", l.Assumed)
		})
	}
}

func TestONNXInput(t *testing.T) {
	scalar, column := []int64{}, []int64{1, 3, 1, 1}
	sub := onnxScaling{kind: "Sub", values: []float32{124, 116, 104}, shape: column}
	imagenet := model.TorchvisionInput()
	for name, c := range map[string]struct {
		variant onnxVariant
		order   model.Order
		mean    [3]float32
		std     [3]float32
		size    int
	}{
		"Caffe's names":       {onnxVariant{caffe: true}, model.BGR, [3]float32{104, 117, 123}, [3]float32{1, 1, 1}, 227},
		"Caffe's names, 224":  {onnxVariant{caffe: true, side: 224}, model.BGR, [3]float32{104, 117, 123}, [3]float32{1, 1, 1}, 227},
		"torchvision's names": {onnxVariant{side: 100}, model.RGB, imagenet.Mean, imagenet.Std, 100},
		"scaled bytes": {onnxVariant{front: []onnxScaling{sub, {kind: "Div", values: []float32{64}, shape: scalar}}},
			model.RGB, [3]float32{124, 116, 104}, [3]float32{64, 64, 64}, 224},
		"blue first": {onnxVariant{front: []onnxScaling{{kind: "Add", values: []float32{-104, -116, -124}, shape: []int64{3, 1, 1}}}},
			model.BGR, [3]float32{104, 116, 124}, [3]float32{1, 1, 1}, 224},
		"fractions": {onnxVariant{front: []onnxScaling{
			{kind: "Sub", values: []float32{0.5, 0.5, 0.25}, shape: column}, {kind: "Mul", values: []float32{4}, shape: scalar}}},
			model.RGB, [3]float32{127.5, 127.5, 63.75}, [3]float32{63.75, 63.75, 63.75}, 224},
		"old broadcast": {onnxVariant{front: []onnxScaling{{kind: "Sub", values: []float32{124, 116, 104}, shape: []int64{3},
			attributes: []pb{attributeInt("axis", 1), attributeInt("broadcast", 1)}}}},
			model.RGB, [3]float32{124, 116, 104}, [3]float32{1, 1, 1}, 224},
		"ImageScaler": {onnxVariant{front: []onnxScaling{{kind: "ImageScaler", attributes: []pb{
			pb{}.text(1, "scale").float(2, 0.5), pb{}.text(1, "bias").float(7, -62).float(7, -58).float(7, -52)}}}},
			model.RGB, [3]float32{124, 116, 104}, [3]float32{2, 2, 2}, 224},
		"nothing": {onnxVariant{front: []onnxScaling{{kind: "Mul", values: []float32{1}, shape: scalar}}},
			model.RGB, imagenet.Mean, imagenet.Std, 224},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSample(t, tiny())
			l := mustRead(t, s.onnx(c.variant), Options{})
			require.True(t, assumes(l, "(-order)"))
			in := l.Network.Input
			require.Equal(t, c.order, in.Order)
			require.Equal(t, c.mean, in.Mean)
			require.Equal(t, c.std, in.Std)
			require.Equal(t, c.size, in.Size)
			require.Equal(t, s.layers(), l.Network.Layers)
		})
	}
}

// TestONNXInferFramework has no names that reveal the framework, only a size.
func TestONNXInferFramework(t *testing.T) {
	f := &file{format: formatONNX}
	b := &builder{file: f, found: &layout{conv1: conv{weights: &tensor{}}, head: conv{weights: &tensor{}}}}
	for size, want := range map[int]framework{0: torchvision, 128: torchvision, 224: torchvision, 227: caffe} {
		f.size = size
		require.Equal(t, want, b.inferFramework(), size)
	}
}

// TestONNXNormalization reads a BatchNormalization of the picture.
func TestONNXNormalization(t *testing.T) {
	w := &onnxWriter{}
	in := []string{"picture"}
	for i, v := range [][]float32{{2, 2, 2}, {0, 0, 1}, {128, 120, 100}, {4, 4, 16}} {
		in = append(in, w.parameter(string(rune('a'+i)), []int64{3}, v))
	}
	w.inputs = []pb{valueInfo("picture", []int64{1, 3, 64, 64})}
	w.node("BatchNormalization", in, "scaled", pb{}.text(1, "epsilon").float(2, 0))
	w.node("Relu", []string{"scaled"}, "out")
	f, err := readONNX(w.model(), &externalFiles{})
	require.NoError(t, err)
	n := f.graph.nodes[0]
	require.Equal(t, opScale, n.op)
	factors, summands, err := n.affine.values(3)
	require.NoError(t, err)
	require.Equal(t, []float64{1, 1, 0.5}, factors)
	require.Equal(t, []float64{-128, -120, -49}, summands)
	_, err = f.graph.layout()
	require.ErrorContains(t, err, `node "the out" (Relu`)
	require.ErrorContains(t, err, "expected the first convolution here")
}

func TestONNXWindows(t *testing.T) {
	same := &attribute{text: "SAME_UPPER"}
	n := &onnxNode{attributes: map[string]*attribute{"auto_pad": same}}
	var w window
	require.NoError(t, n.window(&w, 3))
	require.Equal(t, window{kernel: 3, stride: 1, pad: [4]int{1, 1, 1, 1}}, w)

	same.text = "VALID"
	w = window{}
	require.NoError(t, n.window(&w, 3))
	require.Equal(t, window{kernel: 3, stride: 1}, w)
}

// TestONNXPads: padding that would change the result is rejected.
func TestONNXPads(t *testing.T) {
	m := &onnxModel{}
	pads := func(p ...int64) *onnxNode {
		return &onnxNode{kind: "Pad", attributes: map[string]*attribute{"pads": {ints: p}, "value": {float: 3}}}
	}
	var n node
	require.NoError(t, m.pad(pads(0, 0, 1, 2, 0, 0, 3, 4), &n))
	require.Equal(t, [4]int{1, 2, 3, 4}, n.pad)
	require.ErrorContains(t, m.pad(pads(0, 1, 0, 0, 0, 0, 0, 0), &n), "only height and width")
	require.ErrorContains(t, m.pad(pads(0, 0, -1, 0, 0, 0, 0, 0), &n), "are not supported")

	n.in, n.out = []string{"in"}, "padded"
	g := &graph{nodes: []*node{{op: opMaxPool, in: []string{"padded"}}, &n}}
	require.ErrorContains(t, g.absorbPads(), "pads with 3; only 0 is supported")
}

// TestHalvesPacked: the integers that hold 16-bit numbers may be packed or not.
func TestHalvesPacked(t *testing.T) {
	body := pb{}.ints(5, 0x3c00, 0xc000)
	var v []float32
	require.NoError(t, message{data: body}.each(func(f field) (err error) {
		v, err = f.halves(v, float16Type, 2)
		return err
	}))
	require.Equal(t, []float32{1, -2}, v)
	err := message{data: body}.each(func(f field) (err error) {
		_, err = f.halves(nil, float16Type, 1)
		return err
	})
	require.ErrorContains(t, err, "more than the 1 values of its shape")
}

// TestONNXOmittedInput: an operator on the picture whose second input is omitted
// is rejected with an error.
func TestONNXOmittedInput(t *testing.T) {
	for _, kind := range []string{"Add", "Sub", "Mul", "Div"} {
		for _, in := range [][]string{{"data", ""}, {"", "data"}} {
			w := &onnxWriter{}
			w.inputs = []pb{valueInfo("data", []int64{1, 3, 9, 9})}
			w.node(kind, in, "out")
			_, err := read(w.model(), Options{})
			require.ErrorContains(t, err, "here", "%s of %q", kind, in)
		}
	}
}
