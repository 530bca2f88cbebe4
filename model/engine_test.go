package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// randomNetwork has weights and scales that spread activations over all codes.
func randomNetwork(t testing.TB, r *rand.Rand, topology Topology) *Network {
	t.Helper()
	g, err := topology.Graph()
	require.NoError(t, err)
	in := CaffeInput()
	in.Size, in.Resize = topology.Size, topology.Size
	n := &Network{Topology: topology, Input: in}
	for _, s := range g.Convolutions {
		l := Layer{Weights: make([]int8, s.Weights()), Bias: make([]int32, s.Out), Multiplier: make([]float32, s.Out)}
		for i := range l.Weights {
			l.Weights[i] = int8(r.IntN(255) - 127)
		}
		depth := float64(s.Kernel * s.Kernel * s.In)
		for o := range l.Bias {
			l.Bias[o] = int32(r.IntN(20000) - 8000)
			l.Multiplier[o] = float32((0.5 + r.Float64()) / math.Sqrt(depth) / 80)
		}
		l.Scale = float32(0.5 + r.Float64())
		n.Layers = append(n.Layers, l)
		if s.Kind == Conv10 {
			n.Layers[s.Layer].Scale = 1
		}
		if s.Kind == Expand3x3 {
			n.Layers[s.Layer-1].Scale = l.Scale
		}
	}
	return n
}

// smallTopologies reach every branch: bypass, padded conv1 and head, floor
// and ceil, odd channel counts, one class, no pools.
func smallTopologies() map[string]Topology {
	fires := []Fire{{S1x1: 3, E1x1: 5, E3x3: 7}, {S1x1: 4, E1x1: 6, E3x3: 6, Bypass: true}, {S1x1: 17, E1x1: 16, E3x3: 33}}
	return map[string]Topology{
		"ceil":        {Size: 33, Conv1: Stem{Filters: 9, Kernel: 3, Stride: 2}, Fires: fires, PoolAfter: []int{1, 3}, PoolCeil: true, Head: Head{Classes: 11}},
		"floor":       {Size: 35, Conv1: Stem{Filters: 8, Kernel: 7, Stride: 2}, Fires: fires, PoolAfter: []int{1, 2, 4}, Head: Head{Classes: 70, Pad: 1}},
		"padded":      {Size: 20, Conv1: Stem{Filters: 12, Kernel: 3, Stride: 1, Pad: 1}, Fires: []Fire{{S1x1: 2, E1x1: 4, E3x3: 8, Bypass: true}}, Head: Head{Classes: 1, Pad: 1}},
		"without map": {Size: 3, Conv1: Stem{Filters: 1, Kernel: 3, Stride: 1}, Fires: []Fire{{S1x1: 1, E1x1: 1, E3x3: 1}}, Head: Head{Classes: 2}},
	}
}

// codes is a feature map as the numeric contract describes it: codes 0…255.
type codes struct {
	size, channels int
	data           []int
}

func (m codes) at(y, x, c, outside int) int {
	if y < 0 || x < 0 || y >= m.size || x >= m.size {
		return outside
	}
	return m.data[(y*m.size+x)*m.channels+c]
}

// accumulators computes a convolution by its definition.
func accumulators(s Step, l Layer, in codes, outside [3]byte) []int64 {
	var out []int64
	for y := range s.OutSize {
		for x := range s.OutSize {
			for o := range s.Out {
				acc := int64(l.Bias[o])
				for ky := range s.Kernel {
					for kx := range s.Kernel {
						for c := range s.In {
							v := in.at(y*s.Stride-s.Pad+ky, x*s.Stride-s.Pad+kx, c, int(outside[c%3]))
							acc += int64(v) * int64(l.Weights[((o*s.Kernel+ky)*s.Kernel+kx)*s.In+c])
						}
					}
				}
				out = append(out, acc)
			}
		}
	}
	return out
}

func rescaled(acc int64, m float32) int {
	return int(math.RoundToEven(math.Min(math.Max(float64(float32(float32(acc)*m)), 0), 255)))
}

// referenceRun runs a network by the definitions of the numeric contract,
// without the engine's code and without the tensors of the graph.
func referenceRun(t *testing.T, n *Network, picture []int8) []float32 {
	g, err := n.Topology.Graph()
	require.NoError(t, err)
	in := codes{n.Topology.Size, 3, nil}
	for _, b := range picture {
		in.data = append(in.data, int(b)+128)
	}
	var half, module codes // the output of an expand1x1, the input of a fire module
	var scale, moduleScale float32
	for _, s := range g.Steps {
		if s.Kind == Pool {
			in = referencePool(s, in)
			continue
		}
		l := n.Layers[s.Layer]
		var outside [3]byte
		if s.Kind == Conv1 {
			outside = n.Input.MeanBytes()
		}
		acc := accumulators(s, l, in, outside)
		if s.Kind == Conv10 {
			return referenceHead(s, l, acc)
		}
		out := codes{s.OutSize, s.Out, make([]int, len(acc))}
		for i, a := range acc {
			out.data[i] = rescaled(a, l.Multiplier[i%s.Out])
		}
		switch s.Kind {
		case Expand1x1:
			half = out
			continue
		case Expand3x3:
			out = referenceConcat(half, out)
			if n.Topology.Fires[s.Fire].Bypass {
				for i, c := range module.data {
					out.data[i] = min(out.data[i]+rescaled(int64(c), moduleScale/l.Scale), 255)
				}
			}
		case Squeeze:
			module, moduleScale = in, scale
		}
		in, scale = out, l.Scale
	}
	return nil
}

func referencePool(s Step, in codes) codes {
	out := codes{s.OutSize, s.Out, nil}
	for y := range s.OutSize {
		for x := range s.OutSize {
			for c := range s.Out {
				best := 0
				for ky := range 3 {
					for kx := range 3 {
						best = max(best, in.at(2*y+ky, 2*x+kx, c, 0))
					}
				}
				out.data = append(out.data, best)
			}
		}
	}
	return out
}

func referenceConcat(a, b codes) codes {
	out := codes{a.size, a.channels + b.channels, nil}
	for i := range a.size * a.size {
		out.data = append(out.data, a.data[i*a.channels:(i+1)*a.channels]...)
		out.data = append(out.data, b.data[i*b.channels:(i+1)*b.channels]...)
	}
	return out
}

func referenceHead(s Step, l Layer, acc []int64) []float32 {
	sums := make([]int64, s.Out)
	for i, a := range acc {
		sums[i%s.Out] += max(a, 0)
	}
	logits := make([]float32, s.Out)
	for o, sum := range sums {
		logits[o] = float32(float64(sum) * float64(l.Multiplier[o]))
	}
	return logits
}

func randomPicture(r *rand.Rand, size int) []int8 {
	p := make([]int8, size*size*3)
	for i := range p {
		p[i] = int8(r.IntN(256) - 128)
	}
	return p
}

// TestEngineMatchesContract compares the engine with the definitions, bit for
// bit, for several numbers of workers and two frames in a row.
func TestEngineMatchesContract(t *testing.T) {
	for name, topology := range smallTopologies() {
		r := rand.New(rand.NewPCG(1, uint64(len(name))))
		n := randomNetwork(t, r, topology)
		pictures := [][]int8{randomPicture(r, topology.Size), randomPicture(r, topology.Size)}
		for _, workers := range []int{1, 2, 4, 7} {
			e, err := NewEngine(n, workers)
			require.NoError(t, err, name)
			for i, p := range pictures {
				copy(e.Input(), p)
				require.Equal(t, referenceRun(t, n, p), e.Run(), "%s, %d workers, frame %d", name, workers, i)
			}
			e.Close()
		}
	}
}

// TestEngineDoesNotAllocate during a frame.
func TestEngineDoesNotAllocate(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	n := randomNetwork(t, r, smallTopologies()["ceil"])
	for _, workers := range []int{1, 4} {
		e, err := NewEngine(n, workers)
		require.NoError(t, err)
		require.Zero(t, testing.AllocsPerRun(20, func() { e.Run() }), "%d workers", workers)
		e.Close()
	}
}

// TestAccumulatorBound compares with bounds worked out by hand, where codes
// 0…255 are the worst case and where bytes are.
func TestAccumulatorBound(t *testing.T) {
	require.EqualValues(t, 1000+255*127, AccumulatorBound([]int8{-127}, 1000))        // codes
	require.EqualValues(t, 1000+128*127+128*127, AccumulatorBound([]int8{127}, 1000)) // bytes, with the folded bias
	require.EqualValues(t, 7+128*150+128*150, AccumulatorBound([]int8{100, 50}, 7))
	require.EqualValues(t, 5, AccumulatorBound(nil, -5))
}

// TestPlaceKeepsLiveBuffersApart checks that no two buffers whose lifetimes overlap share memory.
func TestPlaceKeepsLiveBuffersApart(t *testing.T) {
	for name, topology := range smallTopologies() {
		n := randomNetwork(t, rand.New(rand.NewPCG(3, 3)), topology)
		g, err := n.graph()
		require.NoError(t, err)
		p := newPlanner(n, g)
		total := len(place(p.buffers))
		for i, a := range p.buffers {
			require.LessOrEqual(t, a.offset+a.bytes(), total)
			for _, b := range p.buffers[:i] {
				together := a.first <= b.last && b.first <= a.last
				apart := a.offset+a.bytes() <= b.offset || b.offset+b.bytes() <= a.offset
				require.True(t, !together || apart, "%s: buffers overlap", name)
			}
		}
	}
}

// TestEngineRefuses networks that cannot run, with the reason.
func TestEngineRefuses(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, c := range []struct {
		change func(*Network)
		says   string
	}{
		{func(n *Network) { n.Layers = n.Layers[:3] }, "fire2/expand3x3: its parameters are missing"},
		{func(n *Network) { n.Layers = append(n.Layers, n.Layers[0]) }, "12 layers of parameters for 11 convolutions"},
		{func(n *Network) { n.Layers[1].Weights = n.Layers[1].Weights[1:] }, "fire2/squeeze1x1: has 26 weights"},
		{func(n *Network) { n.Layers[0].Multiplier[2] = 0 }, "conv1: channel 2: multiplier 0"},
		{func(n *Network) { n.Layers[0].Multiplier[2] = float32(math.NaN()) }, "channel 2: multiplier NaN"},
		{func(n *Network) { n.Layers[0].Multiplier[2] = float32(math.Inf(1)) }, "channel 2: multiplier +Inf"},
		{func(n *Network) { n.Layers[4].Scale = 0 }, "activation scale 0"},
		{func(n *Network) { n.Layers[2].Scale *= 2 }, "fire2/expand3x3: activation scale"},
		{func(n *Network) { n.Layers[10].Scale = 2 }, "conv5: activation scale 2"},
		{func(n *Network) { n.Layers[10].Multiplier[3] = math.MaxFloat32 / 2 }, "channel 3: with multiplier"},
		{func(n *Network) { n.Layers[0].Bias[1] = math.MaxInt32 }, "channel 1: its accumulator may reach"},
		{func(n *Network) { n.Layers[0].Weights[1] = -128 }, "weight 1 is -128"},
		{func(n *Network) { n.Labels = []string{"one"} }, "1 labels for 11 classes"},
		{func(n *Network) { n.Input.Size = 30 }, "input side 30, but the topology's is 33"},
		{func(n *Network) { n.Input.Std[1] = 0 }, "channel 1"},
	} {
		n := randomNetwork(t, r, smallTopologies()["ceil"])
		c.change(n)
		_, err := NewEngine(n, 1)
		require.ErrorContains(t, err, c.says)
	}
	for _, workers := range []int{0, MaxWorkers + 1} {
		_, err := NewEngine(randomNetwork(t, r, smallTopologies()["ceil"]), workers)
		require.ErrorContains(t, err, fmt.Sprintf("%d workers", workers))
	}
}

// BenchmarkEngine is one frame of each published network.
func BenchmarkEngine(b *testing.B) {
	for _, topology := range []Topology{V11(), V10()} {
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/workers=%d", topology.Name, workers), func(b *testing.B) {
				n := randomNetwork(b, rand.New(rand.NewPCG(5, 5)), topology)
				e, err := NewEngine(n, workers)
				require.NoError(b, err)
				defer e.Close()
				for b.Loop() {
					e.Run()
				}
			})
		}
	}
}
