package importer

import (
	"testing"

	"halfmeg/model"
)

// fuzz feeds a reader with damaged files; whatever it accepts must be whole.
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

// small is a network of a few hundred parameters, so that the seeds are small.
func small(f *testing.F) *sample {
	t := tiny()
	t.Conv1 = model.Stem{Filters: 2, Kernel: 3, Stride: 2}
	t.Fires = []model.Fire{{S1x1: 1, E1x1: 1, E3x3: 1, Bypass: true}}
	t.PoolAfter = []int{1}
	t.Head.Classes = 2
	return newSample(f, t)
}

// inferable is a v1.1 of one channel a layer: what a file without a graph must look like to be accepted.
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
	fuzz(f, s.onnx(onnxSpelling{}), s.onnx(onnxSpelling{kind: onnxFloat16, typed: true, constants: true, newTail: true}),
		s.onnx(onnxSpelling{pads: true, side: 64, average: 9, reversed: true,
			front: []onnxFront{{kind: "Sub", values: []float32{1, 2, 3}, shape: []int64{3, 1, 1}}}}))
}

func FuzzCaffe(f *testing.F) {
	s := small(f)
	fuzz(f, s.caffe(caffeV1, true), s.caffe(caffeV2, true), inferable(f).caffe(caffeV2, false))
}

func FuzzPTH(f *testing.F) {
	s := inferable(f)
	fuzz(f, s.torch(f, torchSpelling{ordered: true}), s.torch(f, torchSpelling{stream: true, wrappers: []string{"state_dict"}}))
}

// FuzzPickle feeds the interpreter alone, which a zip's checksums would shield.
func FuzzPickle(f *testing.F) {
	w := &torchWriter{torchSpelling: torchSpelling{storage: "FloatStorage", kind: float32Type, ordered: true, wrappers: []string{"model"}}}
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
			if c, err := stateDict(saved); err == nil {
				_, _ = build(c, &choices{}, len(data))
			}
		}
	})
}

func FuzzSafetensors(f *testing.F) {
	s := inferable(f)
	fuzz(f, s.safetensors(float32Type), s.safetensors(float16Type))
}

func FuzzNet(f *testing.F) {
	s := small(f)
	s.prune()
	f.Add(s.net())
	f.Fuzz(func(t *testing.T, data []byte) {
		want := &choices{topology: &s.topology}
		if !isNet(data, want.netTopology()) {
			return
		}
		if l, err := load(data, want); err == nil && l.Network.Validate() != nil {
			t.Fatal("accepted, yet not whole")
		}
	})
}
