package importer

import (
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
)

// TestCaffeBatchNorm: BatchNorm and Scale are folded, with and without a graph.
func TestCaffeBatchNorm(t *testing.T) {
	for _, norm := range []string{"scale", "bias", "five"} {
		for _, divisor := range []float32{1, 999.5} {
			variant := caffeVariant{norm: norm, divisor: divisor}
			t.Run(norm, func(t *testing.T) {
				topology := unpadded()
				topology.Head.Linear = divisor == 1
				s := newSample(t, topology).normalize()
				s.requireLogits(t, mustRead(t, s.caffeAs(caffeV2, true, variant), Options{}))

				v11 := slim(model.V11())
				v11.Size = 64
				s = newSample(t, v11).normalize()
				s.requireLogits(t, mustRead(t, s.caffeAs(caffeV2, false, variant), Options{Size: 64}))
			})
		}
	}
	// A scale factor of 0 means sums of 0.
	s := newSample(t, unpadded()).normalize()
	data := s.caffeAs(caffeV2, true, caffeVariant{norm: "scale"})
	for i := range s.norms {
		clear(s.norms[i][normMean])
		clear(s.norms[i][normVariance])
	}
	s.requireLogits(t, mustRead(t, data, Options{}))
}

// TestCaffeBatchNormRejections: what cannot be folded is rejected with the reason.
func TestCaffeBatchNormRejections(t *testing.T) {
	w := &caffeWriter{caffeFields: caffeV2}
	blob := pb{}.bytes(w.blobs, w.blob([]int64{2}, []float32{1, 1}))
	conv := func(edges ...string) {
		w.layers = nil
		more := pb{}.bytes(w.blobs, w.blob([]int64{2, 3, 3, 3}, make([]float32, 54))).bytes(w.convolution, pb{}.int(4, 3))
		w.layer("Convolution", "mine", edges, edges, more)
	}
	for text, write := range map[string]func(){
		"has 1 blobs instead of mean": func() { conv("x"); w.layer("BatchNorm", "n", []string{"x"}, []string{"x"}, blob) },
		"applies to axis 2": func() {
			conv("x")
			w.layer("Scale", "n", []string{"x"}, []string{"x"}, append(blob, pb{}.bytes(w.scale, pb{}.int(1, 2))...))
		},
		"applies to 2 axes": func() {
			conv("x")
			w.layer("Bias", "n", []string{"x"}, []string{"x"}, append(blob, pb{}.bytes(w.bias, pb{}.int(2, 2))...))
		},
		"the second one after the convolution": func() { conv(); w.layer("Scale", "m", nil, nil, blob); w.layer("Scale", "n", nil, nil, blob) },
		"folded only between a convolution and its ReLU": func() {
			conv("x")
			w.layer("ReLU", "r", []string{"x"}, []string{"x"}, nil)
			w.layer("Scale", "n", []string{"x"}, []string{"x"}, blob)
		},
	} {
		write()
		net := pb{}.text(1, "net")
		for _, l := range w.layers {
			net = net.bytes(100, l)
		}
		_, err := read(net, Options{})
		require.ErrorContains(t, err, text)
		require.ErrorContains(t, err, `"n" (`)
	}
}

// TestCaffeRawData reads the blobs of NVIDIA's Caffe.
func TestCaffeRawData(t *testing.T) {
	for raw := range caffeRawTypes {
		s := newSample(t, tiny())
		s.require(t, mustRead(t, s.caffeAs(caffeV2, true, caffeVariant{raw: int64(raw) + 1}), Options{}))
	}
	load := func(kind int64, raw string) error {
		b, err := caffeBlob(message{data: pb{}.bytes(7, pb{}.ints(1, 2)).int(10, kind).text(12, raw)})
		require.NoError(t, err)
		_, err = b.values()
		return err
	}
	require.NoError(t, load(1, "\x00\x00\x00\x00\x00\x00\x00\x00"))
	require.ErrorContains(t, load(1, "1234"), "4 bytes of raw_data (NVIDIA's Caffe), expected 8")
	b, err := caffeBlob(message{data: pb{}.bytes(7, pb{}.ints(1, 2)).text(12, "\x00\x3c\x00\x40")})
	require.NoError(t, err)
	v, err := b.values() // no type: 2 bytes each
	require.NoError(t, err)
	require.Equal(t, []float32{1, 2}, v)
	require.ErrorIs(t, load(3, "12345678"), errNotFloat)
}

// TestCaffeStatedSize: a stated size is used, and a non-square one is rejected.
func TestCaffeStatedSize(t *testing.T) {
	layer := func(kind string, param pb) pb {
		w := &caffeWriter{caffeFields: caffeV2}
		w.layer(kind, "data", nil, []string{"data"}, param)
		return w.layers[0]
	}
	shape := func(dims ...int64) pb { return pb{}.ints(1, dims...) }
	for name, of := range map[string]func(height, width int64) pb{
		"Input": func(h, w int64) pb {
			return layer("Input", pb{}.bytes(caffeV2.input, pb{}.bytes(1, shape(1, 3, h, w))))
		},
		"memory": func(h, w int64) pb {
			return layer("MemoryData", pb{}.bytes(caffeV2.memory, pb{}.int(2, 3).int(3, h).int(4, w)))
		},
		"images": func(h, w int64) pb {
			return layer("ImageData", pb{}.bytes(caffeV2.images, pb{}.int(4, 3).int(9, h).int(10, w)))
		},
		"dummy": func(h, w int64) pb {
			return layer("DummyData", pb{}.bytes(caffeV2.dummy, pb{}.bytes(6, shape(1, 3, h, w)).bytes(6, shape(1))))
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSample(t, tiny())
			l := mustRead(t, s.caffeAs(caffeV2, true, caffeVariant{data: of(64, 64)}), Options{})
			s.require(t, l)
			require.False(t, assumes(l, "(-size)"))
			_, err := read(s.caffeAs(caffeV2, true, caffeVariant{data: of(48, 80)}), Options{})
			require.ErrorContains(t, err, "the file states an input of 48x80 pixels (height x width)")
			s.require(t, mustRead(t, s.caffeAs(caffeV2, true, caffeVariant{data: of(48, 80)}), Options{Size: 64}))
		})
	}
	// Fields of the network: input_dim of two inputs.
	n := &caffeNet{inputDims: []int64{1, 3, 48, 80, 1, 1, 1, 1}, layers: []*caffeLayer{{bottom: []string{"data"}, kind: "ReLU"}}}
	f, err := n.finish()
	require.NoError(t, err)
	require.Equal(t, [2]int{48, 80}, f.nonSquare)
}
