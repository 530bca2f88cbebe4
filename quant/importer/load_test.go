package importer

import (
	"encoding/json"
	"flag"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testdata"
	"halfmeg/model"
)

// assumes reports whether a line of Assumed contains the text.
func assumes(l *Loaded, text string) bool {
	return slices.ContainsFunc(l.Assumed, func(line string) bool { return strings.Contains(line, text) })
}

func TestSharedFiles(t *testing.T) {
	v10, v11, torch := model.V10(), model.V11(), model.V11()
	torch.Size = 224
	for name, want := range map[string]struct {
		format   string
		topology model.Topology
		input    model.Input
		nonzero  int
		pool     bool // the rounding is assumed
	}{
		"squeezenet1.1-caffe-fp16.onnx":     {"onnx", v11, model.CaffeInput(), 1231552, true},
		"squeezenet1.0-caffe.caffemodel":    {"caffemodel", v10, model.CaffeInput(), 1244448, false},
		"squeezenet1.0-deepcompression.net": {"net", v10, model.CaffeInput(), 415921, false},
		"squeezenet1.1-gluon.pth":           {"pth", torch, model.TorchvisionInput(), 1231552, false},
		"squeezenet1.1-gluon.safetensors":   {"safetensors", torch, model.TorchvisionInput(), 1231552, false},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := Load(testdata.Path(t, "weights/"+name), Options{})
			require.NoError(t, err)
			require.Equal(t, want.format, l.Format)
			require.True(t, assumes(l, "(-mean)"))
			require.Equal(t, want.topology, l.Network.Topology)
			require.Equal(t, want.input, l.Network.Input)
			require.Equal(t, want.pool, assumes(l, "(-pool)"))
			require.Equal(t, name, l.Network.Source.Weights)
			require.Len(t, l.Network.Source.SHA256, 64)
			require.Equal(t, want.format, l.Network.Source.Format)
			nonzero := 0
			for _, layer := range l.Network.Layers {
				for _, w := range layer.Weights {
					if w != 0 {
						nonzero++
					}
				}
			}
			require.Equal(t, want.nonzero, nonzero)
		})
	}
}

func TestSharedTwins(t *testing.T) {
	a, err := Load(testdata.Path(t, "weights/squeezenet1.1-gluon.pth"), Options{})
	require.NoError(t, err)
	b, err := Load(testdata.Path(t, "weights/squeezenet1.1-gluon.safetensors"), Options{})
	require.NoError(t, err)
	require.Len(t, b.Network.Layers, len(a.Network.Layers))
	for i, layer := range a.Network.Layers {
		require.Equal(t, bitsOf(layer.Weights), bitsOf(b.Network.Layers[i].Weights), i)
		require.Equal(t, bitsOf(layer.Bias), bitsOf(b.Network.Layers[i].Bias), i)
	}
}

// bitsOf returns the representations, in which 0 and -0 differ.
func bitsOf(v []float32) []uint32 {
	out := make([]uint32, len(v))
	for i, x := range v {
		out[i] = math.Float32bits(x)
	}
	return out
}

// TestFlagsOverride: every flag wins over convention.
func TestFlagsOverride(t *testing.T) {
	var o Options
	fs := flag.NewFlagSet("test", flag.ContinueOnError)
	o.Flags(fs)
	labels := writeFile(t, "labels.txt", []byte("a\nb\nc\nd\ne\nf\ng\n"))
	require.NoError(t, fs.Parse([]string{"-pool", "floor", "-size", "225", "-order", "bgr", "-mean", "100,110,120", "-std", "64",
		"-fit", "squash", "-resize", "300", "-labels", labels}))
	l := mustRead(t, newSample(t, slim(model.V11())).safetensors(float32Type), o)
	require.Equal(t, model.Input{Size: 225, Order: model.BGR, Mean: [3]float32{100, 110, 120}, Std: [3]float32{64, 64, 64},
		Fit: model.Squash, Resize: 300}, l.Network.Input)
	require.False(t, l.Network.Topology.PoolCeil)
	require.Equal(t, 225, l.Network.Topology.Size)
	require.Equal(t, []string{"a", "b", "c", "d", "e", "f", "g"}, l.Network.Labels)
	require.Len(t, l.Assumed, 3) // strides and pools, conv1's padding, the head's ReLU
}

// TestMeanFollowsOrder: in BGR order, torchvision's mean of red comes last.
func TestMeanFollowsOrder(t *testing.T) {
	l := mustRead(t, newSample(t, slim(model.V11())).safetensors(float32Type), Options{Order: "bgr"})
	in := model.TorchvisionInput()
	require.Equal(t, [3]float32{in.Mean[2], in.Mean[1], in.Mean[0]}, l.Network.Input.Mean)
	require.Equal(t, [3]float32{in.Std[2], in.Std[1], in.Std[0]}, l.Network.Input.Std)
}

func TestDirectFit(t *testing.T) {
	l := mustRead(t, newSample(t, slim(model.V11())).safetensors(float32Type), Options{Fit: "direct", Size: 128})
	require.Equal(t, 0, l.Network.Input.Resize)
	require.False(t, assumes(l, "-fit"))
	l = mustRead(t, newSample(t, slim(model.V11())).safetensors(float32Type), Options{Size: 112})
	require.Equal(t, 128, l.Network.Input.Resize)
}

// TestTorchHead: the head of v1.0 is padded in Caffe and not in torchvision.
func TestTorchHead(t *testing.T) {
	s := newSample(t, slim(model.V10()))
	require.Equal(t, 0, mustRead(t, s.safetensors(float32Type), Options{}).Network.Topology.Head.Pad)
	require.Equal(t, 1, mustRead(t, s.caffe(caffeV2, false), Options{}).Network.Topology.Head.Pad)

	v10 := model.V10()
	v10.Head.Classes = 7
	l := mustRead(t, newSample(t, v10).safetensors(float16Type), Options{Topology: "v1.0"})
	require.Equal(t, model.Head{Classes: 7}, l.Network.Topology.Head)
	require.Equal(t, "v1.0", l.Network.Topology.Name)
	require.True(t, assumes(l, "conv10 without padding"))
}

// TestTopologyFile describes a network that cannot be inferred from a state dict.
func TestTopologyFile(t *testing.T) {
	s := newSample(t, tiny())
	_, err := read(s.safetensors(float32Type), Options{})
	require.ErrorContains(t, err, "-topology FILE; found: conv1 8 filters of 5x5; fires (s1x1/e1x1/e3x3) 2/3/5 3/4/4 2/2/3; 4 classes")

	text, err := json.Marshal(s.topology)
	require.NoError(t, err)
	l := mustRead(t, s.safetensors(float32Type), Options{Topology: writeFile(t, "mine.json", text)})
	s.require(t, l)
	require.Equal(t, "mine", l.Network.Topology.Name)

	open := strings.Replace(string(text), `"pool_ceil":true,`, "", 1)
	open = strings.Replace(open, `"size":64`, `"size":67`, 1)
	open = strings.Replace(open, `"classes":4`, `"classes":0`, 1)
	l = mustRead(t, s.safetensors(float32Type), Options{Topology: writeFile(t, "mine.json", []byte(open))})
	require.True(t, l.Network.Topology.PoolCeil)
	require.True(t, assumes(l, "(-pool)"))
	require.Equal(t, 4, l.Network.Topology.Head.Classes)
	require.Equal(t, 67, l.Network.Input.Size)
}

// TestLinearHead: a graph states whether the head has a ReLU. For weights alone
// it is an assumption, which -head or the topology overrides.
func TestLinearHead(t *testing.T) {
	topology := tiny()
	topology.Head.Linear = true
	s := newSample(t, topology)
	text, err := json.Marshal(tiny())
	require.NoError(t, err)
	silent := writeFile(t, "silent.json", text)
	text, err = json.Marshal(topology)
	require.NoError(t, err)
	linear := writeFile(t, "linear.json", text)

	for _, file := range [][]byte{s.onnx(onnxVariant{}), s.caffe(caffeV2, true)} {
		s.require(t, mustRead(t, file, Options{Size: 64}))
		s.require(t, mustRead(t, file, Options{Topology: silent}))
		s.require(t, mustRead(t, file, Options{Topology: linear}))
		_, err := read(file, Options{Size: 64, Head: "relu"})
		require.ErrorContains(t, err, "the file's graph has no ReLU after conv5, but -head relu says otherwise")
		relu := tiny()
		_, err = read(file, Options{Size: 64, Network: &relu})
		require.ErrorContains(t, err, "no ReLU after conv5, but the quantized network says otherwise")
	}
	_, err = read(newSample(t, tiny()).onnx(onnxVariant{}), Options{Topology: linear})
	require.ErrorContains(t, err, "the file's graph has a ReLU after conv5, but -topology says otherwise")

	weights := s.safetensors(float32Type)
	l := mustRead(t, weights, Options{Topology: silent})
	require.False(t, l.Network.Topology.Head.Linear)
	require.True(t, assumes(l, "a ReLU after conv5, as in the published networks (-head)"))
	for _, o := range []Options{{Topology: linear}, {Topology: silent, Head: "linear"}, {Network: &topology, Size: 64}} {
		l = mustRead(t, weights, o)
		s.require(t, l)
		require.False(t, assumes(l, "ReLU"))
	}
}

// TestConv1Pad: the padding of conv1 is assumed unless it is stated.
func TestConv1Pad(t *testing.T) {
	s := newSample(t, slim(model.V11()))
	l := mustRead(t, s.safetensors(float32Type), Options{})
	require.Zero(t, l.Network.Topology.Conv1.Pad)
	require.True(t, assumes(l, "conv1 is not padded, as in v1.1 (-conv1-pad)"))
	l = mustRead(t, s.safetensors(float32Type), Options{Conv1Pad: "1"})
	require.Equal(t, 1, l.Network.Topology.Conv1.Pad)
	require.False(t, assumes(l, "padded"))
	_, err := read(s.onnx(onnxVariant{}), Options{Conv1Pad: "1"})
	require.ErrorContains(t, err, "the file's graph pads conv1 by 0, not by 1")
}

// TestQuantizedTopology: weights are read with the topology of the network that
// was quantized from them, and others are rejected.
func TestQuantizedTopology(t *testing.T) {
	s, known := newSample(t, tiny()), tiny()
	for _, file := range [][]byte{s.safetensors(float32Type), s.onnx(onnxVariant{})} {
		l := mustRead(t, file, Options{Network: &known, Size: 64})
		s.require(t, l)
		require.False(t, assumes(l, "-topology"))
	}
	other := tiny()
	other.Fires[0].Bypass, other.Fires[0].E1x1, other.Fires[0].E3x3 = true, 4, 4
	_, err := read(s.onnx(onnxVariant{}), Options{Network: &other, Size: 64})
	require.ErrorContains(t, err, "another network than the quantized network")
	_, err = read(s.safetensors(float32Type), Options{Network: &other, Size: 64})
	require.ErrorContains(t, err, "fire2/expand1x1")
}

// TestGraphMustAgree: -topology does not override a graph.
func TestGraphMustAgree(t *testing.T) {
	s := newSample(t, tiny())
	text, err := json.Marshal(s.topology)
	require.NoError(t, err)
	l := mustRead(t, s.onnx(onnxVariant{}), Options{Topology: writeFile(t, "mine.json", text)})
	s.require(t, l)
	_, err = read(s.onnx(onnxVariant{}), Options{Topology: "v1.1"})
	require.ErrorContains(t, err, "another network than -topology describes")
}

func TestOptionErrors(t *testing.T) {
	for text, o := range map[string]Options{
		`-pool "up"`:                             {Pool: "up"},
		`-order: channel order "gbr"`:            {Order: "gbr"},
		`-fit: resize rule "stretch"`:            {Fit: "stretch"},
		`multiply fractions by 255 (here 123.7)`: {Mean: "0.485,0.456,0.406"},
		`multiply fractions by 255 (here 58.4)`:  {Std: "0.229,0.224,0.225"},
		`expected one number, or three`:          {Mean: "1,2"},
		`"x" is not a number`:                    {Mean: "1,x,3"},
		`"NaN" is not a number`:                  {Mean: "NaN"},
		`a standard deviation must be positive`:  {Std: "0"},
		`-head "none": expected relu or linear`:  {Head: "none"},
		`-conv1-pad "-1": expected a number`:     {Conv1Pad: "-1"},
		`-size -1`:                               {Size: -1},
		`no such file`:                           {Topology: "nowhere.json"},
	} {
		_, err := Load("nowhere", o)
		require.ErrorContains(t, err, text)
	}
	for text, content := range map[string]string{
		"unknown field":                    `{"sise": 3}`,
		"unexpected data":                  `{"name": "x"} {}`,
		"unexpected EOF":                   `{"name": `,
		"topology: input side 0 is not in": `{"fires":[{"s1x1":2,"e1x1":3,"e3x3":5}]}`,
	} {
		_, err := Load(writeFile(t, "w", newSample(t, tiny()).safetensors(float32Type)),
			Options{Topology: writeFile(t, "t.json", []byte(content))})
		if strings.HasPrefix(text, "topology") {
			require.Error(t, err)
			continue
		}
		require.ErrorContains(t, err, text)
	}
}

// TestLabels: labels that do not fit are blamed on their file, not on the weights.
func TestLabels(t *testing.T) {
	weights := writeFile(t, "weights.safetensors", newSample(t, slim(model.V11())).safetensors(float32Type))
	few := writeFile(t, "few.txt", []byte("tench\n\ngoldfish\n"))
	_, err := Load(weights, Options{LabelFile: few})
	require.EqualError(t, err, "-labels: "+few+`: 2 labels for 7 classes: the first label is "tench", the last "goldfish"; line 2 is empty`)

	one := writeFile(t, "one.txt", []byte("background\nn00000001 a\nb\nc\nd\ne\nf\ng\n"))
	l, err := Load(weights, Options{LabelFile: one})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "c", "d", "e", "f", "g"}, l.Network.Labels)
	require.Equal(t, "n00000001", l.Labels.IDs[0])
	require.Contains(t, l.Assumed, one+`: the first label, "background", is dropped: the network has no class for it (-labels)`)
}

// TestCapitals: names of choices are read in capitals too.
func TestCapitals(t *testing.T) {
	l := mustRead(t, newSample(t, slim(model.V11())).safetensors(float32Type),
		Options{Pool: "Ceil", Order: "BGR", Fit: "CROP"})
	require.Equal(t, model.BGR, l.Network.Input.Order)
	require.Equal(t, model.Crop, l.Network.Input.Fit)
	require.True(t, l.Network.Topology.PoolCeil)
	_, err := (&Options{Topology: "V1.1"}).parse()
	require.NoError(t, err)
}
