package sqz_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
	"halfmeg/model/sqz"
	"halfmeg/model/trellis"
)

func requireRoundTrip(t *testing.T, n *model.Network) []byte {
	t.Helper()
	file, err := sqz.Encode(n)
	require.NoError(t, err)
	back, err := sqz.Decode(file)
	require.NoError(t, err)
	require.Equal(t, n, back)
	return file
}

func TestRoundTrip(t *testing.T) {
	networks := map[string]func() *model.Network{
		"tiny": func() *model.Network { return network(tiny(), 1, uniform) },
		"one of everything": func() *model.Network {
			return network(model.Topology{
				Size: 1, Conv1: model.Stem{Filters: 1, Kernel: 1, Stride: 1},
				Fires: []model.Fire{{S1x1: 1, E1x1: 1, E3x3: 1}}, Head: model.Head{Classes: 1},
			}, 2, uniform)
		},
		"no fire modules": func() *model.Network {
			return network(model.Topology{
				Size: 30, Conv1: model.Stem{Filters: 65, Kernel: 15, Stride: 15, Pad: 15}, Head: model.Head{Classes: 7},
			}, 3, uniform)
		},
		"no ReLU in the head": func() *model.Network { return network(linear(), 11, uniform) },
		"65 channels": func() *model.Network {
			return network(model.Topology{
				Name: "v9 – größer", Size: 64, Conv1: model.Stem{Filters: 65, Kernel: 7, Stride: 3, Pad: 2},
				Fires:     []model.Fire{{S1x1: 65, E1x1: 1, E3x3: 64}, {S1x1: 33, E1x1: 64, E3x3: 1, Bypass: true}},
				PoolAfter: []int{2, 3}, Head: model.Head{Classes: 65, Pad: 1},
			}, 4, laplacian(2))
		},
		"all zero": func() *model.Network { return network(tiny(), 5, func(*rand.Rand) int8 { return 0 }) },
		"all 127":  func() *model.Network { return network(tiny(), 6, func(*rand.Rand) int8 { return 127 }) },
		"all -127": func() *model.Network { return network(tiny(), 7, func(*rand.Rand) int8 { return -127 }) },
		"plus, minus": func() *model.Network {
			return network(tiny(), 8, func(r *rand.Rand) int8 { return 127 - int8(r.IntN(2))*-2 })
		},
		"no source":    func() *model.Network { n := network(tiny(), 9, uniform); n.Source = model.Source{}; return n },
		"v1.1, coarse": func() *model.Network { return network(model.V11(), 10, laplacian(1)) },
	}
	for name, build := range networks {
		t.Run(name, func(t *testing.T) { requireRoundTrip(t, build()) })
	}
}

func TestRoundTripOfExtremeValues(t *testing.T) {
	zero := func(*rand.Rand) int8 { return 0 }
	n := network(tiny(), 1, zero)
	n.Layers[0].Bias = []int32{math.MaxInt32, -math.MaxInt32, 1, -1}
	n.Layers[0].Multiplier = []float32{math.SmallestNonzeroFloat32, math.MaxFloat32, 1e-40, 1}
	n.Layers[0].Scale = math.SmallestNonzeroFloat32
	n.Layers[1].Bias = []int32{-1 << 30, 1 << 30}
	n.Layers[1].Multiplier = []float32{math.MaxFloat32, math.MaxFloat32}
	n.Layers[1].Scale = math.MaxFloat32 / 255
	n.Input = model.Input{
		Size: 21, Order: model.BGR, Fit: model.Direct, Resize: math.MinInt32,
		Mean: [3]float32{-math.MaxFloat32, float32(math.Copysign(0, -1)), math.SmallestNonzeroFloat32},
		Std:  [3]float32{math.SmallestNonzeroFloat32, 1, math.MaxFloat32},
	}
	requireRoundTrip(t, n)
}

func TestRoundTripOfLabels(t *testing.T) {
	for _, labels := range [][]string{
		nil,
		{"", "", ""},
		{"tench", "Tinca tinca", "goldfish, Carassius auratus"},
		{"日本語のラベル", "żółw", "🐢\u200d🐢"},
		{"\x00", "a\x00b\n", "\xff\xfe not UTF-8"},
		{strings.Repeat("long ", 10000), "short", strings.Repeat("\xff", 300)},
	} {
		n := network(tiny(), 1, uniform)
		n.Labels = labels
		requireRoundTrip(t, n)
	}
}

// TestVersions: a network is written in the oldest version that holds it, so
// that programs that read no head without a ReLU reject only such networks.
func TestVersions(t *testing.T) {
	for version, topology := range map[byte]model.Topology{1: tiny(), 2: linear()} {
		file := requireRoundTrip(t, network(topology, 1, uniform))
		require.Equal(t, []byte{version, 0, 0, 0}, file[4:8])
	}
}

// linear is tiny without a ReLU in the head.
func linear() model.Topology {
	t := tiny()
	t.Head.Linear = true
	return t
}

// TestEncodeDoesNotModify: Encode must not modify the network, which other
// goroutines may be reading.
func TestEncodeDoesNotModify(t *testing.T) {
	n := network(tiny(), 1, uniform)
	n.Labels = []string{"a", "b", "c"}
	want := network(tiny(), 1, uniform)
	want.Labels = []string{"a", "b", "c"}
	_, err := sqz.Encode(n)
	require.NoError(t, err)
	require.Equal(t, want, n)
}

// TestGoldenBytes: the bytes are the same on every machine. To change the
// format, increment its version and update the hash.
func TestGoldenBytes(t *testing.T) {
	n := network(tiny(), 1, uniform)
	n.Labels = []string{"tench", "goldfish", "great white shark"}
	for i := range n.Layers { // math.Exp differs between machines
		n.Layers[i].Scale = []float32{1. / 3, 1. / 4, 1. / 5, 1. / 5, 1. / 7, 1. / 8, 1. / 8, 1}[i]
		for c := range n.Layers[i].Bias {
			n.Layers[i].Bias[c] = int32(c*c*1000 - 3500)
			n.Layers[i].Multiplier[c] = 1 / float32(c+700)
		}
	}
	file := requireRoundTrip(t, n)
	again, err := sqz.Encode(n)
	require.NoError(t, err)
	require.Equal(t, file, again)
	sum := sha256.Sum256(file)
	require.Equal(t, "98e75ecbc949a3e9", hex.EncodeToString(sum[:8]))
}

// TestTrellis: weights that follow the trellis take as many bytes as their
// indices, which are half as large.
func TestTrellis(t *testing.T) {
	plain := network(model.V11(), 5, laplacian(3))
	file := requireRoundTrip(t, plain)
	for i := range plain.Layers {
		l := &plain.Layers[i]
		l.Weights = slices.Clone(l.Weights)
		for k, w := range l.Weights {
			l.Weights[k] = max(-60, min(60, w))
		}
		require.True(t, trellis.Numbers(l.Weights, len(l.Weights)/len(l.Bias)))
	}
	coded := requireRoundTrip(t, plain)
	require.InEpsilon(t, len(file), len(coded), 1e-3)
}

func TestEncodeRejects(t *testing.T) {
	for want, corrupt := range map[string]func(*model.Network){
		"weight 1 is -128":                 func(n *model.Network) { n.Layers[2].Weights[1] = -128 },
		"multiplier 0 is not finite":       func(n *model.Network) { n.Layers[0].Multiplier[1] = 0 },
		"parameters are missing":           func(n *model.Network) { n.Layers = n.Layers[:3] },
		"2 labels for 3 classes":           func(n *model.Network) { n.Labels = []string{"a", "b"} },
		"names and labels are longer than": func(n *model.Network) { n.Source.Tool = strings.Repeat("x", sqz.MaxText) },
	} {
		n := network(tiny(), 1, uniform)
		corrupt(n)
		_, err := sqz.Encode(n)
		require.ErrorContains(t, err, want)
	}
}

func TestEncodeRejectsLargeIntegers(t *testing.T) {
	if math.MaxInt == math.MaxInt32 {
		t.Skip("int has 32 bits")
	}
	n := network(tiny(), 1, uniform)
	n.Input.Fit, n.Input.Resize = model.Direct, math.MaxInt
	_, err := sqz.Encode(n)
	require.ErrorContains(t, err, "does not fit in 32 bits")
}

func TestEncodeRejectsTooManyWeights(t *testing.T) {
	topology := tiny()
	topology.Fires[1] = model.Fire{S1x1: 1 << 11, E1x1: 1, E3x3: 1 << 10}
	n := network(topology, 1, func(*rand.Rand) int8 { return 0 })
	_, err := sqz.Encode(n)
	require.ErrorContains(t, err, "weights, at most 16777216 are supported")
}

func TestDecodeRejects(t *testing.T) {
	file, err := sqz.Encode(network(tiny(), 1, uniform))
	require.NoError(t, err)
	for want, corrupt := range map[string]func([]byte) []byte{
		"the file is empty":             func(f []byte) []byte { return nil },
		`not a .sqz file: it begins`:    func(f []byte) []byte { return []byte("\xff\xd8\xff\xe0 JFIF") },
		"truncated: 7 bytes":            func(f []byte) []byte { return f[:7] },
		fmt.Sprintf("of %d", len(file)): func(f []byte) []byte { return f[:len(f)-1] },
		"trailing data":                 func(f []byte) []byte { return append(f, 0) },
		"written by a newer halfmeg: format version 3, this program reads 2; update it": func(f []byte) []byte { f[4] = 3; return f },
		"version 0":             func(f []byte) []byte { f[4] = 0; return f },
		"a length of":           func(f []byte) []byte { f[11] = 0xFF; return f },
		"damaged: the checksum": func(f []byte) []byte { f[20] ^= 1; return f },
	} {
		_, err := sqz.Decode(corrupt(bytes.Clone(file)))
		require.ErrorContains(t, err, want)
		_, err = sqz.DecodeFrom(bytes.NewReader(corrupt(bytes.Clone(file))))
		require.ErrorContains(t, err, want)
	}
}

func TestDecodeFrom(t *testing.T) {
	n := network(tiny(), 1, uniform)
	file, err := sqz.Encode(n)
	require.NoError(t, err)
	back, err := sqz.DecodeFrom(iotest.OneByteReader(bytes.NewReader(file)))
	require.NoError(t, err)
	require.Equal(t, n, back)

	_, err = sqz.DecodeFrom(io.MultiReader(bytes.NewReader(file[:100]), iotest.ErrReader(io.ErrClosedPipe)))
	require.ErrorIs(t, err, io.ErrClosedPipe)
}

// TestDecodeFromEndlessStream: the reader stops after the file's length.
func TestDecodeFromEndlessStream(t *testing.T) {
	file, err := sqz.Encode(network(tiny(), 1, uniform))
	require.NoError(t, err)
	_, err = sqz.DecodeFrom(endless{})
	require.ErrorContains(t, err, "not a .sqz file")
	_, err = sqz.DecodeFrom(io.MultiReader(bytes.NewReader(file), endless{}))
	require.ErrorContains(t, err, "trailing data")
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

// TestDamageIsDetected flips bits of each byte and truncates at each length.
func TestDamageIsDetected(t *testing.T) {
	n := network(tiny(), 1, uniform)
	n.Labels = []string{"tench", "goldfish", "great white shark"}
	file, err := sqz.Encode(n)
	require.NoError(t, err)
	for i := range file {
		for _, flip := range []byte{0x01, 0x80, 0x55, 0xFF, file[i]} {
			if flip == 0 {
				continue
			}
			file[i] ^= flip
			_, err := sqz.Decode(file)
			file[i] ^= flip
			require.Error(t, err, "byte %d xor %#x", i, flip)
		}
	}
	for length := range file {
		_, err := sqz.Decode(file[:length])
		require.Error(t, err, "%d bytes", length)
	}
}

func TestSizesAddUp(t *testing.T) {
	n := network(model.V11(), 1, laplacian(1.5))
	for range 1000 {
		n.Labels = append(n.Labels, "label")
	}
	file, err := sqz.Encode(n)
	require.NoError(t, err)
	_, sizes, err := sqz.DecodeSizes(file)
	require.NoError(t, err)
	require.Len(t, sizes.Layers, 26)
	require.Equal(t, "conv10", sizes.Layers[25].Name)
	require.Equal(t, len(file), sizes.Total)
	sum := sizes.Frame + sizes.Header + sizes.Labels
	for i, l := range sizes.Layers {
		require.Greater(t, l.Parameters, len(n.Layers[i].Bias))
		require.Greater(t, l.Weights, len(n.Layers[i].Weights)/4)
		sum += l.Parameters + l.Weights
	}
	require.Equal(t, sizes.Total, sum)

	_, _, err = sqz.DecodeSizes(file[:1000])
	require.ErrorContains(t, err, "truncated")
}
