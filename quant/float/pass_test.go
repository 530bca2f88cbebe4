package float

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
	"halfmeg/model"
)

// random returns a network with random weights.
func random(r *rand.Rand, topology model.Topology) *Network {
	n := &Network{Topology: topology, Input: testnet.Input(topology)}
	for _, p := range testnet.Floats(r, topology, func(depth float64) float64 { return 1 / depth }) {
		n.Layers = append(n.Layers, Layer(p))
	}
	return n
}

// at returns an element of a map, and zero outside of it.
func at(m Map, y, x, c int) float64 {
	if y < 0 || x < 0 || y >= m.Size || x >= m.Size {
		return 0
	}
	return float64(m.pixel(y, x)[c])
}

// check compares a convolution's output with the definition in float64.
func check(t *testing.T, s model.Step, l Layer, in, out Map, add *Map) {
	for y := range s.OutSize {
		for x := range s.OutSize {
			for o := range s.Out {
				want := float64(l.Bias[o])
				for ky := range s.Kernel {
					for kx := range s.Kernel {
						for c := range s.In {
							w := l.Weights[((o*s.Kernel+ky)*s.Kernel+kx)*s.In+c]
							want += float64(w) * at(in, y*s.Stride-s.Pad+ky, x*s.Stride-s.Pad+kx, c)
						}
					}
				}
				if !s.Linear {
					want = max(want, 0)
				}
				if add != nil {
					want += at(*add, y, x, o)
				}
				require.InDelta(t, want, float64(out.pixel(y, x)[o]), 1e-4, "%s %d,%d,%d", s.Name, y, x, o)
			}
		}
	}
}

// TestPassMatchesDefinition compares every layer's output with the definition,
// applied to the outputs before it, on a network with every feature: padded
// conv1 and head, a bypass, ceil pools, odd channel counts.
func TestPassMatchesDefinition(t *testing.T) {
	for _, topology := range testnet.Heads() {
		checkPass(t, topology)
	}
}

func checkPass(t *testing.T, topology model.Topology) {
	r := rand.New(rand.NewPCG(1, 2))
	n := random(r, topology)
	f, err := NewForward(n)
	require.NoError(t, err)
	p := f.NewPass()
	picture := testnet.Picture(r, topology.Size)
	logits, err := p.Run(picture)
	require.NoError(t, err)
	in := NewMap(topology.Size, 3)
	normalize(in.Data, picture, n.Input)
	require.InDelta(t, (float32(picture[4])+128-n.Input.Mean[1])/n.Input.Std[1], in.Data[4], 1e-6)
	var module, half Map
	for _, s := range f.graph.Steps {
		out := p.output(s)
		switch s.Kind {
		case model.Pool:
			checkPool(t, in, out)
		case model.Expand1x1, model.Expand3x3:
			var add *Map
			if n.Topology.Fires[s.Fire].Bypass {
				half := module.Slice(s.Channel, s.Out)
				add = &half
			}
			check(t, s, n.Layers[s.Layer], in, out, add)
		default:
			check(t, s, n.Layers[s.Layer], in, out, nil)
		}
		switch s.Kind {
		case model.Expand1x1:
			half = out
		case model.Expand3x3:
			in = half // of both, one pixel after the other
			in.Channels += out.Channels
		case model.Squeeze:
			module, in = in, out
		default:
			in = out
		}
	}
	for c, l := range logits {
		sum := 0.0
		for i := range in.Size * in.Size {
			sum += float64(in.Data[i*in.Stride+c])
		}
		require.InDelta(t, sum/float64(in.Size*in.Size), l, 1e-5)
	}
	_, err = p.Run(picture[1:])
	require.ErrorContains(t, err, "a picture of 2882 bytes, the network takes 2883")
}

func checkPool(t *testing.T, in, out Map) {
	for y := range out.Size {
		for x := range out.Size {
			for c := range out.Channels {
				want := 0.0
				for ky := range 3 {
					for kx := range 3 {
						want = max(want, at(in, 2*y+ky, 2*x+kx, c))
					}
				}
				require.Equal(t, float32(want), out.pixel(y, x)[c])
			}
		}
	}
}

// BenchmarkForward times one picture on each published network.
func BenchmarkForward(b *testing.B) {
	for _, topology := range []model.Topology{model.V11(), model.V10()} {
		b.Run(topology.Name, func(b *testing.B) {
			f, err := NewForward(random(rand.New(rand.NewPCG(3, 3)), topology))
			require.NoError(b, err)
			p := f.NewPass()
			picture := make([]int8, topology.Size*topology.Size*3)
			for b.Loop() {
				_, err := p.Run(picture)
				require.NoError(b, err)
			}
		})
	}
}
