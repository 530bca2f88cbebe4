package inspect

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
	"halfmeg/model"
	"halfmeg/model/sqz"
)

// TestPublishedFigures: SqueezeNet v1.1 has 1,235,496 parameters and v1.0
// 1,248,424. At 227x227 and with Caffe's pooling v1.1 takes 387,747,520
// multiply-accumulates.
func TestPublishedFigures(t *testing.T) {
	s, err := Summarize(encode(t, network(model.V11())))
	require.NoError(t, err)
	require.Equal(t, int64(387_747_520), s.MACs)
	require.Equal(t, 1_235_496, s.Parameters)

	s, err = Summarize(encode(t, network(model.V10())))
	require.NoError(t, err)
	require.Equal(t, 1_248_424, s.Parameters)
}

func TestLayers(t *testing.T) {
	n := network(model.V11())
	n.Layers[0].Weights[3] = -99
	n.Layers[0].Weights[4] = 98
	n.Layers[0].Scale = 0.5
	s, err := Summarize(encode(t, n))
	require.NoError(t, err)
	require.Len(t, s.Layers, 26+3)
	require.Positive(t, s.Layers[0].Bytes)
	s.Layers[0].Bytes = 0 // depends on the encoder
	require.Equal(t, Layer{
		Name: "conv1", In: [3]int{227, 227, 3}, Out: [3]int{113, 113, 64}, Kernel: 3, Stride: 2,
		MACs: 113 * 113 * 64 * 27, Weights: 64 * 27, Zeros: 64*27 - 2, Largest: 99, Range: 127.5,
	}, s.Layers[0])
	require.Equal(t, Layer{
		Name: "pool1", In: [3]int{113, 113, 64}, Out: [3]int{56, 56, 64}, Kernel: 3, Stride: 2,
	}, s.Layers[1])
	require.Zero(t, s.Layers[len(s.Layers)-1].Range, "logits have no range")
}

func TestBytesAddUp(t *testing.T) {
	n := network(model.V11())
	n.Labels = make([]string, 1000)
	n.Labels[0] = "tench, Tinca tinca"
	file := encode(t, n)
	s, err := Summarize(file)
	require.NoError(t, err)
	require.Equal(t, 1000, s.Labels)
	require.Equal(t, len(file), s.Bytes)
	total := s.HeaderBytes + s.LabelBytes
	for _, l := range s.Layers {
		total += l.Bytes
	}
	require.Equal(t, len(file), total)
}

func TestDamagedFile(t *testing.T) {
	file := encode(t, network(model.V11()))
	file[len(file)/2] ^= 1
	_, err := Summarize(file)
	require.ErrorContains(t, err, "damaged")
}

func TestWarnings(t *testing.T) {
	topology := model.V11()
	topology.Fires[0].S1x1 = 128
	s, err := Summarize(encode(t, network(topology)))
	require.NoError(t, err)
	require.Len(t, s.Warnings, 1)
	require.Contains(t, s.Warnings[0], "fire2")
}

// network is one with zeros for weights.
func network(topology model.Topology) *model.Network {
	r := rand.New(rand.NewPCG(1, 1))
	return testnet.Network(r, topology, func(*rand.Rand) int8 { return 0 })
}

func encode(t *testing.T, n *model.Network) []byte {
	t.Helper()
	file, err := sqz.Encode(n)
	require.NoError(t, err)
	return file
}
