package importer

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"

	"halfmeg/model"
)

func TestNotWeights(t *testing.T) {
	tar := make([]byte, 512)
	copy(tar[257:], "ustar")
	for text, data := range map[string]string{
		"the file is empty":        "",
		"a Git LFS pointer":        "version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
		"HDF5":                     "\x89HDF\r\n\x1a\n",
		"a tar archive":            string(tar),
		"not recognised as ONNX":   "<!DOCTYPE html>",
		"a malformed or truncated": "PK\x03\x04 and no more",
		"no layers with":           "\x0a\x04test\x12\x00",
		"no graph":                 "\x08\x08\x12\x04test",
		"not the weights of a co":  safetensorsText(`{"a.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4),
		"not a parameter of a":     safetensorsText(`{"running_mean":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 4),
		`"a.bias" is missing`:      safetensorsText(`{"a.weight":{"dtype":"F32","shape":[1,1,1,1],"data_offsets":[0,4]}}`, 4),
		"header claims":            "\xff\x00\x00\x00\x00\x00\x00\x00{",
		"header: ":                 safetensorsText(`{"a"`, 0),
		`header, key "a"`:          safetensorsText(`{"a":3}`, 0),
		"an impossible shape":      safetensorsText(`{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}`, 4),
		"impossible shape [1073":   safetensorsText(`{"a":{"dtype":"F32","shape":[1073741824,1073741824],"data_offsets":[0,4]}}`, 4),
		"do not continue":          safetensorsText(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}`, 6),
		"exceed the file":          safetensorsText(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 4),
		"expected 8 for F32":       safetensorsText(`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}`, 4),
		"belong to no tensor":      safetensorsText(`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`, 5),
	} {
		_, err := read([]byte(data), Options{})
		require.ErrorContains(t, err, text)
	}
	_, err := Load(t.TempDir(), Options{})
	require.ErrorContains(t, err, "is a directory")
}

func safetensorsText(header string, values int) string {
	return string(binary.LittleEndian.AppendUint64(nil, uint64(len(header)))) + header + string(make([]byte, values))
}

// TestDamage damages complete files: errors about a NaN, a layer of another shape
// and a missing end must name the tensor and the position.
func TestDamage(t *testing.T) {
	v11 := slim(model.V11())
	torch := func(variant torchVariant) func(*sample) []byte {
		return func(s *sample) []byte { return s.torch(t, variant) }
	}
	for name, write := range map[string]func(*sample) []byte{
		"onnx":        func(s *sample) []byte { return s.onnx(onnxVariant{}) },
		"caffe":       func(s *sample) []byte { return s.caffe(caffeV2, true) },
		"caffe bare":  func(s *sample) []byte { return s.caffe(caffeV1, false) },
		"zip":         torch(torchVariant{}),
		"stream":      torch(torchVariant{stream: true}),
		"safetensors": func(s *sample) []byte { return s.safetensors(float32Type) },
	} {
		t.Run(name, func(t *testing.T) {
			whole := write(newSample(t, v11))
			for cut := len(whole) - 1; cut > 100; cut -= 997 {
				_, err := read(whole[:cut], Options{})
				require.Error(t, err, "%d of %d bytes", cut, len(whole))
			}
			_, err := read(whole[:len(whole)*9/10], Options{})
			require.Regexp(t, `offset \d+|truncated`, err.Error())

			s := newSample(t, v11)
			s.weights[4][3] = float32(math.NaN())
			_, err = read(write(s), Options{})
			require.ErrorContains(t, err, "fire3/squeeze1x1: tensor")
			require.ErrorContains(t, err, "value 3 is NaN")
			require.Regexp(t, `offset \d+`, err.Error())

			s = newSample(t, v11)
			s.steps[5].In++ // the expand1x1 of fire3 claims one channel more than its squeeze layer has
			s.weights[5] = make([]float32, s.steps[5].Weights())
			_, err = read(write(s), Options{})
			require.ErrorContains(t, err, "fire3/expand1x1: tensor")
			require.ErrorContains(t, err, "2x3x1x1")
			require.ErrorContains(t, err, "the shape should be 2x2x1x1")
		})
	}
}

func TestLayersMissing(t *testing.T) {
	drop := func(i int) []byte {
		s := newSample(t, slim(model.V11()))
		name := s.torchName(i)
		return bytes.ReplaceAll(s.safetensors(float32Type), []byte(`"`+name+"."), []byte(`"`+strings.Repeat("x", len(name))+"."))
	}
	_, err := read(drop(1), Options{})
	require.ErrorContains(t, err, `layers "xxxxxxxxxxxxxxxxxx" and "classifier.1": besides conv1 and the fire modules`)
	_, err = read(drop(0), Options{}) // still the only one that reads three channels
	require.NoError(t, err)
	_, err = arrange([]conv{{name: "conv1", weights: &tensor{shape: []int{1, 3, 3, 3}}}, {name: "conv3", weights: &tensor{shape: []int{1, 1, 1, 1}}},
		{name: "fire2/expand1x1", weights: &tensor{}}})
	require.ErrorContains(t, err, `fire module "fire2": its squeeze layer is missing`)

	s := newSample(t, slim(model.V11()))
	s.steps, s.weights, s.bias = s.steps[:25], s.weights[:25], s.bias[:25]
	_, err = read(s.safetensors(float32Type), Options{})
	require.ErrorContains(t, err, "the last convolution is missing")

	o := Options{LabelFile: writeFile(t, "labels.txt", []byte("only one\n"))}
	_, err = read(newSample(t, slim(model.V11())).safetensors(float32Type), o)
	require.ErrorContains(t, err, "1 labels for 7 classes")
}

// TestForeignGraphs: nodes that SqueezeNet does not have are rejected by name.
func TestForeignGraphs(t *testing.T) {
	replace := func(from, to string) []byte { // names of the same length keep the file well-formed
		require.Len(t, to, len(from))
		data := newSample(t, tiny()).onnx(onnxVariant{ceil: 1, side: 64})
		require.True(t, bytes.Contains(data, []byte(from)), from)
		return bytes.Replace(data, []byte(from), []byte(to), 1)
	}
	for text, data := range map[string][]byte{
		`node "the features.0_relu" (Tanh`:      replace("Relu", "Tanh"),
		`node "the pool1" (NoxPool`:             replace("MaxPool", "NoxPool"),
		`node "the fire1" (Concow`:              replace("Concat", "Concow"),
		`node "the average" (GlobalMaximumPool`: replace("GlobalAveragePool", "GlobalMaximumPool"),
		`node "the flat" (Flotten`:              replace("Flatten", "Flotten"),
		`node "the fire4_sum" (Mul`:             replace("\x03Add", "\x03Mul"),
		"the graph ends at":                     replace("features.0_relu", "features.0_rulu"),
		"is reached twice":                      circle(t),
	} {
		_, err := read(data, Options{})
		require.ErrorContains(t, err, text)
	}
	for text, attr := range map[string]pb{
		"2 groups are not supported":   attributeInt("group", 2),
		"dilation 2 is not supported":  attributeInts("dilations", 2, 2),
		"strides [1 2] is not":         attributeInts("strides", 1, 2),
		"kernel_shape 3, but":          attributeInts("kernel_shape", 3, 3),
		`auto_pad "SAME_UPPER" with`:   pb{}.text(1, "auto_pad").text(4, "SAME_UPPER"),
		"pads [-1 0 0 0] are not":      attributeInts("pads", -1, 0, 0, 0),
		"expected three biases, not 0": nil,
	} {
		w := &onnxWriter{}
		w.inputs = []pb{valueInfo("picture", []int64{1, 3, 64, 64})}
		if attr == nil {
			w.node("ImageScaler", []string{"picture"}, "scaled")
		} else {
			w.node("Conv", []string{"picture", w.parameter("w", []int64{1, 3, 5, 5}, make([]float32, 75))}, "out",
				attributeInts("strides", 2, 2), attr)
		}
		_, err := read(w.model(), Options{})
		require.ErrorContains(t, err, text)
	}
}

// circle returns a graph whose third fire module leads back to conv1's output.
func circle(t *testing.T) []byte {
	data := newSample(t, tiny()).onnx(onnxVariant{})
	// fire1 is the first concatenation. Its readers now read the input of fire1.
	return bytes.ReplaceAll(data, []byte("\x12\x05fire1"), []byte("\x12\x05pool1"))
}

func TestExternalData(t *testing.T) {
	w := &onnxWriter{}
	s := newSample(t, tiny())
	data := s.onnx(onnxVariant{})
	// Replace raw_data (9) of conv1's weights by data_location (14).
	raw := w.tensor("features.0.weight", s.shape(0), s.weights[0])
	external := pb{}.ints(1, s.shape(0)...).int(2, onnxFloat).text(8, "features.0.weight").int(14, 1)
	external = external.bytes(100, make([]byte, len(raw)-len(external)-4)) // the same length
	for len(external) < len(raw) {
		external = external.int(14, 1)
	}
	require.Len(t, external, len(raw))
	_, err := read(bytes.Replace(data, raw, external, 1), Options{})
	require.ErrorContains(t, err, `tensor "features.0.weight"`)
	require.ErrorContains(t, err, "its values are in another file")
}

func TestCaffeRejections(t *testing.T) {
	for _, c := range []struct {
		kind   string
		number protowire.Number
		param  pb
		text   string
	}{
		{"Convolution", caffeV2.convolution, pb{}.int(4, 3).int(5, 2), "groups or dilations [2]"},
		{"Convolution", caffeV2.convolution, pb{}.int(4, 3).int(18, 2), "groups or dilations [2]"},
		{"Convolution", caffeV2.convolution, pb{}.int(11, 3).int(12, 1), "kernel [3 1] is not supported"},
		{"Convolution", caffeV2.convolution, pb{}.int(4, 5), "kernel 5, but the weights are 1x3x3x3"},
		{"InnerProduct", caffeV2.convolution, pb{}, "expected the first convolution here"},
		{"ReLU", caffeV2.relu, pb{}.float(1, 0.1), "a leaky ReLU"},
		{"Eltwise", caffeV2.eltwise, pb{}.int(1, 2), "only a sum"},
		{"Eltwise", caffeV2.eltwise, pb{}.float(2, 0.5), "a sum with coefficients [0.5]"},
		{"Pooling", caffeV2.pooling, pb{}.int(1, 2), "only max-pools and global averages"},
		{"Concat", caffeV2.concat, pb{}.int(2, 2), "joins along axis 2"},
		{"BatchNorm", caffeV2.relu, pb{}, "expected the first convolution here"},
	} {
		w := &caffeWriter{caffeFields: caffeV2}
		more := pb{}.bytes(c.number, c.param)
		if c.kind == "Convolution" {
			more = more.bytes(w.blobs, w.blob([]int64{1, 3, 3, 3}, make([]float32, 27)))
		}
		w.layer(c.kind, "mine", []string{"data"}, []string{"out"}, more)
		_, err := read(pb{}.text(1, "net").bytes(100, w.layers[0]), Options{})
		require.ErrorContains(t, err, c.text)
		require.ErrorContains(t, err, `"mine" (`+c.kind)
	}
}

func TestHalf(t *testing.T) {
	for half := range 1 << 16 {
		sign, exponent, fraction := 1.0, half>>10&31, float64(half&1023)
		if half&0x8000 != 0 {
			sign = -1
		}
		got := float64(fromHalf(uint16(half)))
		switch {
		case exponent == 31 && fraction != 0:
			require.True(t, math.IsNaN(got), half)
		case exponent == 31:
			require.True(t, math.IsInf(got, int(sign)), half)
		case exponent == 0:
			require.Equal(t, math.Ldexp(sign*fraction, -24), got, half)
		default:
			require.Equal(t, math.Ldexp(sign*(1024+fraction), exponent-25), got, half)
		}
	}
	require.Equal(t, float32(-1.5), fromBfloat(0xbfc0))
}
