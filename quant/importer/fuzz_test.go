package importer

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
	"halfmeg/model"
)

// fuzz feeds damaged files to the importer. A network that it accepts must be valid.
func fuzz(f *testing.F, seeds ...[]byte) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		l, err := read(data, Options{})
		if err != nil {
			return
		}
		if err := l.Network.Validate(); err != nil {
			t.Fatal(err)
		}
	})
}

// small returns a network of a few hundred parameters, which keeps the seeds small.
func small(f *testing.F) *sample {
	t := tiny()
	t.Conv1 = model.Stem{Filters: 2, Kernel: 3, Stride: 2}
	t.Fires = []model.Fire{{S1x1: 1, E1x1: 1, E3x3: 1, Bypass: true}}
	t.PoolAfter = []int{1}
	t.Head.Classes = 2
	return newSample(f, t)
}

// inferable returns a v1.1 with one channel per layer, which is accepted without a
// graph.
func inferable(f *testing.F) *sample {
	t := slim(model.V11())
	for i := range t.Fires {
		t.Fires[i] = model.Fire{S1x1: 1, E1x1: 1, E3x3: 1}
	}
	t.Head.Classes = 1
	return newSample(f, t)
}

func FuzzONNX(f *testing.F) {
	s := small(f)
	fuzz(f, s.onnx(onnxVariant{}), s.onnx(onnxVariant{kind: onnxFloat16, typed: true, constants: true, newTail: true}),
		s.onnx(onnxVariant{pads: true, side: 64, average: 9, reversed: true,
			front: []onnxScaling{{kind: "Sub", values: []float32{1, 2, 3}, shape: []int64{3, 1, 1}}}}),
		s.onnx(onnxVariant{biasAdd: "axis", values: true, shapes: true, mean: "computed", side: 64}),
		s.onnx(onnxVariant{nhwc: true, mean: "transposed", biasAdd: "unsqueezed", external: &externalWriter{location: "x"}}),
		small(f).normalize().onnx(onnxVariant{lateNorm: true, lateRelu: true, mean: "sides"}))
}

func FuzzCaffe(f *testing.F) {
	s := small(f)
	fuzz(f, s.caffe(caffeV1, true), s.caffe(caffeV2, true), inferable(f).caffe(caffeV2, false),
		small(f).normalize().caffeAs(caffeV2, true, caffeVariant{norm: "bias", divisor: 2, raw: 3}),
		inferable(f).normalize().caffeAs(caffeV2, false, caffeVariant{norm: "five", divisor: 1}))
}

func FuzzPTH(f *testing.F) {
	s := inferable(f)
	fuzz(f, s.torch(f, torchVariant{ordered: true}), s.torch(f, torchVariant{stream: true, wrappers: []string{"state_dict"}}))
}

// FuzzPickle feeds the interpreter directly: the checksums of a zip archive would
// reject nearly every mutation.
func FuzzPickle(f *testing.F) {
	w := &torchWriter{torchVariant: torchVariant{storage: "FloatStorage", kind: float32Type, ordered: true, wrappers: []string{"model"}}}
	w.stateDict(small(f))
	f.Add(w.Bytes())
	w = &torchWriter{torchVariant: torchVariant{storage: "FloatStorage", kind: float32Type, entries: normalized(f),
		wrappers: []string{"model"}, extra: "\x8f(K\x01\x8e\x01\x00\x00\x00\x00\x00\x00\x00a\x90"}}
	w.stateDict(small(f))
	f.Add(w.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		known := storages{}
		u := &unpickler{data: data, persistent: func(id tuple) (any, error) {
			s, _, err := known.get(id)
			return s, err
		}}
		if saved, err := u.run(); err == nil {
			for _, s := range known {
				s.data = make([]byte, min(s.size(), 1<<16))
				s.count = len(s.data) / s.width
			}
			if state, err := stateDict(saved); err == nil {
				_, _ = build(state, &overrides{}, len(data))
			}
		}
	})
}

func FuzzSafetensors(f *testing.F) {
	s := inferable(f)
	fuzz(f, s.safetensors(float32Type), s.safetensors(float16Type), safetensorsOf(float32Type, normalized(f)),
		withMetadata(f, s.safetensors(float32Type), map[string]any{"topology": s.topology, "input": testnet.Input(s.topology), "labels": []string{"one"}}))
}

// withMetadata replaces the metadata of a sample's .safetensors file by values in JSON.
func withMetadata(f *testing.F, file []byte, values map[string]any) []byte {
	entries := map[string]string{}
	for name, v := range values {
		text, err := json.Marshal(v)
		require.NoError(f, err)
		entries[name] = string(text)
	}
	metadata, err := json.Marshal(entries)
	require.NoError(f, err)
	content := bytes.Replace(file[8:], []byte(`{"format":"pt"}`), metadata, 1)
	header := binary.LittleEndian.Uint64(file) + uint64(len(content)-len(file)+8)
	return append(binary.LittleEndian.AppendUint64(nil, header), content...)
}

// normalized returns the state dict of a network with batch normalization and
// custom names.
func normalized(f *testing.F) []entry {
	s := inferable(f).normalize()
	convs := ownNames{"conv1", "conv1", "conv2", "conv3", "conv10"}.of(s)
	norms := ownNames{"bn1", "bn1", "bn2", "bn3", "bn10"}.of(s)
	entries := append(s.entriesAs(convs), entry{"loss.weight", []int64{1}, []float32{1}})
	for i := range s.steps {
		entries = append(entries, s.norm(norms(i), i)...)
	}
	return entries
}

func FuzzNet(f *testing.F) {
	s := small(f)
	s.prune()
	f.Add(s.net())
	f.Fuzz(func(t *testing.T, data []byte) {
		opts := &overrides{topology: &s.topology}
		if !isDeepCompression(data, opts.netTopology()) {
			return
		}
		if l, err := load(data, &externalFiles{}, opts); err == nil && l.Network.Validate() != nil {
			t.Fatal("accepted an invalid network")
		}
	})
}
