package importer

import (
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
)

func TestONNXSpellings(t *testing.T) {
	for name, spelling := range map[string]onnxSpelling{
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
		"against flow":    {reversed: true, constants: true},
		"late ReLU":       {lateRelu: true},
		"pads":            {pads: true},
		"average of side": {average: 9, side: 64},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSample(t, tiny())
			l := mustRead(t, s.onnx(spelling), Options{Size: 64})
			s.require(t, l)
			require.Equal(t, "onnx", l.Format)
			require.Equal(t, "custom", l.Network.Topology.Name)
		})
	}
}

func TestONNXPooling(t *testing.T) {
	// At 67 the second pool reads a map of 16: 8 rounded up, 7 down, and the
	// padded head adds 2. At 64 it reads 15, which makes 7 either way.
	for name, c := range map[string]struct {
		spelling onnxSpelling
		options  Options
		ceil     bool
		assumed  bool
	}{
		"unsaid":              {onnxSpelling{}, Options{Size: 67}, true, true},
		"said up":             {onnxSpelling{ceil: 1}, Options{Size: 67}, true, false},
		"said down":           {onnxSpelling{ceil: -1}, Options{Size: 67}, false, true},
		"border":              {onnxSpelling{pads: true}, Options{Size: 67}, true, false},
		"asked down":          {onnxSpelling{ceil: 1}, Options{Size: 67, Pool: "floor"}, false, false},
		"asked up":            {onnxSpelling{ceil: -1}, Options{Size: 67, Pool: "ceil"}, true, false},
		"no matter":           {onnxSpelling{}, Options{Size: 64}, true, false},
		"average proves up":   {onnxSpelling{average: 10, side: 67}, Options{}, true, false},
		"average proves down": {onnxSpelling{average: 9, side: 67}, Options{}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			topology := tiny()
			topology.Size = 67
			l := mustRead(t, newSample(t, topology).onnx(c.spelling), c.options)
			require.Equal(t, c.ceil, l.Network.Topology.PoolCeil)
			require.Equal(t, c.assumed, assumes(l, "(-pool)"), "%q", l.Assumed)
		})
	}
}

func TestONNXRecipe(t *testing.T) {
	scalar, column := []int64{}, []int64{1, 3, 1, 1}
	sub := onnxFront{kind: "Sub", values: []float32{124, 116, 104}, shape: column}
	imagenet := model.TorchvisionInput()
	for name, c := range map[string]struct {
		spelling onnxSpelling
		recipe   Recipe
		order    model.Order
		mean     [3]float32
		std      [3]float32
		size     int
	}{
		"Caffe's names":       {onnxSpelling{caffe: true}, RecipeAssumed, model.BGR, [3]float32{104, 117, 123}, [3]float32{1, 1, 1}, 227},
		"Caffe's names, 224":  {onnxSpelling{caffe: true, side: 224}, RecipeAssumed, model.BGR, [3]float32{104, 117, 123}, [3]float32{1, 1, 1}, 227},
		"torchvision's names": {onnxSpelling{side: 100}, RecipeAssumed, model.RGB, imagenet.Mean, imagenet.Std, 100},
		"scaled bytes": {onnxSpelling{front: []onnxFront{sub, {kind: "Div", values: []float32{64}, shape: scalar}}},
			RecipeAssumed, model.RGB, [3]float32{124, 116, 104}, [3]float32{64, 64, 64}, 224},
		"blue first": {onnxSpelling{front: []onnxFront{{kind: "Add", values: []float32{-104, -116, -124}, shape: []int64{3, 1, 1}}}},
			RecipeAssumed, model.BGR, [3]float32{104, 116, 124}, [3]float32{1, 1, 1}, 224},
		"fractions": {onnxSpelling{front: []onnxFront{
			{kind: "Sub", values: []float32{0.5, 0.5, 0.25}, shape: column}, {kind: "Mul", values: []float32{4}, shape: scalar}}},
			RecipeAssumed, model.RGB, [3]float32{127.5, 127.5, 63.75}, [3]float32{63.75, 63.75, 63.75}, 224},
		"old broadcast": {onnxSpelling{front: []onnxFront{{kind: "Sub", values: []float32{124, 116, 104}, shape: []int64{3},
			attributes: []pb{attributeInt("axis", 1), attributeInt("broadcast", 1)}}}},
			RecipeAssumed, model.RGB, [3]float32{124, 116, 104}, [3]float32{1, 1, 1}, 224},
		"ImageScaler": {onnxSpelling{front: []onnxFront{{kind: "ImageScaler", attributes: []pb{
			pb{}.text(1, "scale").float(2, 0.5), pb{}.text(1, "bias").float(7, -62).float(7, -58).float(7, -52)}}}},
			RecipeAssumed, model.RGB, [3]float32{124, 116, 104}, [3]float32{2, 2, 2}, 224},
		"nothing": {onnxSpelling{front: []onnxFront{{kind: "Mul", values: []float32{1}, shape: scalar}}},
			RecipeAssumed, model.RGB, imagenet.Mean, imagenet.Std, 224},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSample(t, tiny())
			l := mustRead(t, s.onnx(c.spelling), Options{})
			require.Equal(t, c.recipe, l.Recipe)
			in := l.Network.Input
			require.Equal(t, c.order, in.Order)
			require.Equal(t, c.mean, in.Mean)
			require.Equal(t, c.std, in.Std)
			require.Equal(t, c.size, in.Size)
			require.Equal(t, s.layers(), l.Network.Layers)
		})
	}
}

// TestONNXUnknownRecipe has neither names nor a telling size.
func TestONNXUnknownRecipe(t *testing.T) {
	c := &contents{format: formatONNX, size: 128}
	b := &builder{file: c, found: &layout{conv1: conv{weights: &tensor{}}, head: conv{weights: &tensor{}}}}
	for side, due := range map[int]struct {
		style  style
		recipe Recipe
	}{0: {torchvision, RecipeUnknown}, 128: {torchvision, RecipeUnknown}, 224: {torchvision, RecipeAssumed}, 227: {caffe, RecipeAssumed}} {
		c.size = side
		style, recipe := b.tradition()
		require.Equal(t, due.style, style, side)
		require.Equal(t, due.recipe.String(), recipe.String(), side)
	}
}

// TestONNXNormalization folds a BatchNormalization of the picture.
func TestONNXNormalization(t *testing.T) {
	w := &onnxWriter{}
	in := []string{"picture"}
	for i, v := range [][]float32{{2, 2, 2}, {0, 0, 1}, {128, 120, 100}, {4, 4, 16}} {
		in = append(in, w.parameter(string(rune('a'+i)), []int64{3}, v))
	}
	w.inputs = []pb{valueInfo("picture", []int64{1, 3, 64, 64})}
	w.node("BatchNormalization", in, "scaled", pb{}.text(1, "epsilon").float(2, 0))
	w.node("Relu", []string{"scaled"}, "out")
	c, err := readONNX(w.model())
	require.NoError(t, err)
	n := c.graph.nodes[0]
	require.Equal(t, opScale, n.op)
	require.Equal(t, [3]float64{1, 1, 0.5}, n.scale)
	require.Equal(t, [3]float64{-128, -120, -49}, n.shift)
	_, err = c.graph.layout()
	require.ErrorContains(t, err, `node "the out" (Relu`)
	require.ErrorContains(t, err, "the first convolution is due here")
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

// TestONNXPads: a border that changes the result is refused.
func TestONNXPads(t *testing.T) {
	m := &onnxModel{}
	pads := func(p ...int64) *onnxNode {
		return &onnxNode{kind: "Pad", attributes: map[string]*attribute{"pads": {ints: p}, "value": {float: 3}}}
	}
	var n node
	require.NoError(t, m.pad(pads(0, 0, 1, 2, 0, 0, 3, 4), &n))
	require.Equal(t, [4]int{1, 2, 3, 4}, n.pad)
	require.ErrorContains(t, m.pad(pads(0, 1, 0, 0, 0, 0, 0, 0), &n), "only the picture's sides")
	require.ErrorContains(t, m.pad(pads(0, 0, -1, 0, 0, 0, 0, 0), &n), "are not supported")

	n.in, n.out = []string{"in"}, "padded"
	g := &graph{nodes: []*node{{op: opMaxPool, in: []string{"padded"}}, &n}}
	require.ErrorContains(t, g.absorbPads(), "pads with 3, only 0 is supported")
}

// TestHalvesPacked: exporters pack the bits of 16-bit numbers or do not.
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

// TestONNXOmittedInput: an operator whose optional input is left out, where
// input scaling is looked for, is refused in words.
func TestONNXOmittedInput(t *testing.T) {
	for _, kind := range []string{"Add", "Sub", "Mul", "Div"} {
		for _, in := range [][]string{{"data", ""}, {"", "data"}} {
			w := &onnxWriter{}
			w.inputs = []pb{valueInfo("data", []int64{1, 3, 9, 9})}
			w.node(kind, in, "out")
			_, err := read(w.model(), Options{})
			require.ErrorContains(t, err, "is due here", "%s of %q", kind, in)
		}
	}
}
