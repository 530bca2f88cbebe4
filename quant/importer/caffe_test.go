package importer

import (
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
)

func TestCaffeVersions(t *testing.T) {
	for name, version := range map[string]caffeFields{"V1": caffeV1, "V2": caffeV2} {
		t.Run(name, func(t *testing.T) {
			s := newSample(t, tiny())
			l := mustRead(t, s.caffe(version, true), Options{})
			s.require(t, l)
			require.Equal(t, "caffemodel", l.Format)
			require.Equal(t, model.Input{Size: 64, Order: model.BGR, Mean: [3]float32{104, 117, 123}, Std: [3]float32{2, 2, 2},
				Fit: model.Squash, Resize: 72}, l.Network.Input)
			require.False(t, assumes(l, "-pool"))

			s = newSample(t, slim(model.V10()))
			l = mustRead(t, s.caffe(version, false), Options{})
			s.require(t, l)
		})
	}
}

// TestCaffeInputs: a network for inference states its input in one of three ways
// and carries no preprocessing.
func TestCaffeInputs(t *testing.T) {
	shape := pb{}.ints(1, 1, 3, 100, 100)
	layer := &caffeWriter{caffeFields: caffeV2}
	layer.layer("Input", "data", nil, []string{"data"}, pb{}.bytes(caffeV2.input, pb{}.bytes(1, shape)))
	for name, head := range map[string]pb{
		"Input layer": pb{}.bytes(100, layer.layers[0]),
		"input_dim":   pb{}.text(3, "data").int(4, 1).int(4, 3).int(4, 100).int(4, 100),
		"input_shape": pb{}.text(3, "data").bytes(8, shape),
	} {
		t.Run(name, func(t *testing.T) {
			s := newSample(t, tiny())
			s.topology.Size = 100
			// Replace the data layer of the training network.
			body := message{data: s.caffe(caffeV2, true)}
			net, first := append(pb{}.text(1, "test"), head...), true
			require.NoError(t, body.each(func(f field) error {
				if f.number == 100 && !first {
					net = net.bytes(100, f.body.data)
				}
				first = first && f.number != 100
				return nil
			}))
			l := mustRead(t, net, Options{})
			s.require(t, l)
			require.Equal(t, [3]float32{104, 117, 123}, l.Network.Input.Mean)
			require.Equal(t, [3]float32{1, 1, 1}, l.Network.Input.Std)
			require.True(t, assumes(l, "(-mean)"))
		})
	}
}

func TestCaffeData(t *testing.T) {
	for name, c := range map[string]struct {
		transform pb
		want      *scaling
		size      int
	}{
		"nothing":   {pb{}.int(2, 1), nil, 0},
		"mean file": {pb{}.text(4, "mean.binaryproto").int(3, 227), nil, 227},
		"one mean":  {pb{}.float(5, 128), &scaling{mean: [3]float64{128, 128, 128}, std: [3]float64{1, 1, 1}, where: `layer "d"`}, 0},
		"scale":     {pb{}.float(1, 0.5), &scaling{std: [3]float64{2, 2, 2}, where: `layer "d"`}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			n := &caffeNet{}
			require.NoError(t, n.data(&caffeLayer{name: "d", transform: message{data: c.transform}}))
			require.Equal(t, c.want, n.scaling)
			require.Equal(t, c.size, n.size)
		})
	}
	err := (&caffeNet{}).data(&caffeLayer{name: "d", transform: message{data: pb{}.float(1, -1)}})
	require.ErrorContains(t, err, `layer "d": scales the picture by -1`)
}

// TestCaffeRoundDown: NVIDIA's Caffe has a round_mode field.
func TestCaffeRoundDown(t *testing.T) {
	l := &caffeLayer{param: message{data: pb{}.int(2, 3).int(3, 2).int(13, 1)}}
	var n node
	require.NoError(t, l.pooling(&n))
	require.Equal(t, roundDown, n.round)
	require.Equal(t, window{kernel: 3, stride: 2}, n.window)
}
