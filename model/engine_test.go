package model_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"halfmeg/internal/testnet"
	"halfmeg/model"

	"github.com/stretchr/testify/require"
)

// randomNetwork has activations that cover the range of codes.
func randomNetwork(r *rand.Rand, topology model.Topology) *model.Network {
	return testnet.Network(r, topology, testnet.Uniform)
}

// smallTopologies reach every branch: bypass, padded conv1 and head, a head
// without a ReLU, floor and ceil, odd channel counts, one class, no pools.
func smallTopologies() map[string]model.Topology {
	fires := []model.Fire{{S1x1: 3, E1x1: 5, E3x3: 7}, {S1x1: 4, E1x1: 6, E3x3: 6, Bypass: true}, {S1x1: 17, E1x1: 16, E3x3: 33}}
	return map[string]model.Topology{
		"ceil":        {Size: 33, Conv1: model.Stem{Filters: 9, Kernel: 3, Stride: 2}, Fires: fires, PoolAfter: []int{1, 3}, PoolCeil: true, Head: model.Head{Classes: 11}},
		"floor":       {Size: 35, Conv1: model.Stem{Filters: 8, Kernel: 7, Stride: 2}, Fires: fires, PoolAfter: []int{1, 2, 4}, Head: model.Head{Classes: 70, Pad: 1}},
		"padded":      {Size: 20, Conv1: model.Stem{Filters: 12, Kernel: 3, Stride: 1, Pad: 1}, Fires: []model.Fire{{S1x1: 2, E1x1: 4, E3x3: 8, Bypass: true}}, Head: model.Head{Classes: 1, Pad: 1}},
		"without map": {Size: 3, Conv1: model.Stem{Filters: 1, Kernel: 3, Stride: 1}, Fires: []model.Fire{{S1x1: 1, E1x1: 1, E3x3: 1}}, Head: model.Head{Classes: 2}},
		"linear":      {Size: 33, Conv1: model.Stem{Filters: 9, Kernel: 3, Stride: 2}, Fires: fires, PoolAfter: []int{1, 3}, PoolCeil: true, Head: model.Head{Classes: 70, Linear: true}},
		"linear, pad": {Size: 20, Conv1: model.Stem{Filters: 12, Kernel: 3, Stride: 1}, Fires: fires[:1], Head: model.Head{Classes: 3, Pad: 1, Linear: true}},
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
func accumulators(s model.Step, l model.Layer, in codes, outside [3]byte) []int64 {
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
func referenceRun(t *testing.T, n *model.Network, picture []int8) []float32 {
	g, err := n.Topology.Graph()
	require.NoError(t, err)
	in := codes{n.Topology.Size, 3, nil}
	for _, b := range picture {
		in.data = append(in.data, int(b)+128)
	}
	var half, module codes // the output of an expand1x1, the input of a fire module
	var scale, moduleScale float32
	for _, s := range g.Steps {
		if s.Kind == model.Pool {
			in = referencePool(s, in)
			continue
		}
		l := n.Layers[s.Layer]
		var outside [3]byte
		if s.Kind == model.Conv1 {
			outside = n.Input.MeanBytes()
		}
		acc := accumulators(s, l, in, outside)
		if s.Kind == model.Conv10 {
			return referenceHead(s, l, acc)
		}
		out := codes{s.OutSize, s.Out, make([]int, len(acc))}
		for i, a := range acc {
			out.data[i] = rescaled(a, l.Multiplier[i%s.Out])
		}
		switch s.Kind {
		case model.Expand1x1:
			half = out
			continue
		case model.Expand3x3:
			out = referenceConcat(half, out)
			if n.Topology.Fires[s.Fire].Bypass {
				for i, c := range module.data {
					out.data[i] = min(out.data[i]+rescaled(int64(c), moduleScale/l.Scale), 255)
				}
			}
		case model.Squeeze:
			module, moduleScale = in, scale
		}
		in, scale = out, l.Scale
	}
	return nil
}

func referencePool(s model.Step, in codes) codes {
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

func referenceHead(s model.Step, l model.Layer, acc []int64) []float32 {
	sums := make([]int64, s.Out)
	for i, a := range acc {
		if !s.Linear {
			a = max(a, 0)
		}
		sums[i%s.Out] += a
	}
	logits := make([]float32, s.Out)
	for o, sum := range sums {
		logits[o] = float32(float64(sum) * float64(l.Multiplier[o]))
	}
	return logits
}

// TestEngineMatchesContract compares the engine with the definitions, bit for
// bit, for several numbers of workers and two frames in a row.
func TestEngineMatchesContract(t *testing.T) {
	for name, topology := range smallTopologies() {
		r := rand.New(rand.NewPCG(1, uint64(len(name))))
		n := randomNetwork(r, topology)
		pictures := [][]int8{testnet.Picture(r, topology.Size), testnet.Picture(r, topology.Size)}
		for _, workers := range []int{1, 2, 4, 7} {
			e, err := model.NewEngine(n, workers)
			require.NoError(t, err, name)
			for i, p := range pictures {
				copy(e.Input(), p)
				require.Equal(t, referenceRun(t, n, p), e.Run(), "%s, %d workers, frame %d", name, workers, i)
			}
			e.Close()
		}
	}
}

// TestEngineDoesNotAllocate runs a frame.
func TestEngineDoesNotAllocate(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	n := randomNetwork(r, smallTopologies()["ceil"])
	for _, workers := range []int{1, 4} {
		e, err := model.NewEngine(n, workers)
		require.NoError(t, err)
		require.Zero(t, testing.AllocsPerRun(20, func() { e.Run() }), "%d workers", workers)
		e.Close()
	}
}

// TestAccumulatorBound compares with bounds worked out by hand, where codes
// 0…255 are the worst case and where bytes are.
func TestAccumulatorBound(t *testing.T) {
	require.EqualValues(t, 1000+255*127, model.AccumulatorBound([]int8{-127}, 1000))        // codes
	require.EqualValues(t, 1000+128*127+128*127, model.AccumulatorBound([]int8{127}, 1000)) // bytes, with the folded bias
	require.EqualValues(t, 7+128*150+128*150, model.AccumulatorBound([]int8{100, 50}, 7))
	require.EqualValues(t, 5, model.AccumulatorBound(nil, -5))
}

// TestEngineRejects checks that NewEngine rejects invalid networks with the reason.
func TestEngineRejects(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, c := range []struct {
		change func(*model.Network)
		says   string
	}{
		{func(n *model.Network) { n.Layers = n.Layers[:3] }, "fire2/expand3x3: its parameters are missing"},
		{func(n *model.Network) { n.Layers = append(n.Layers, n.Layers[0]) }, "12 layers of parameters for 11 convolutions"},
		{func(n *model.Network) { n.Layers[1].Weights = n.Layers[1].Weights[1:] }, "fire2/squeeze1x1: has 26 weights"},
		{func(n *model.Network) { n.Layers[0].Multiplier[2] = 0 }, "conv1: channel 2: multiplier 0"},
		{func(n *model.Network) { n.Layers[0].Multiplier[2] = float32(math.NaN()) }, "channel 2: multiplier NaN"},
		{func(n *model.Network) { n.Layers[0].Multiplier[2] = float32(math.Inf(1)) }, "channel 2: multiplier +Inf"},
		{func(n *model.Network) { n.Layers[4].Scale = 0 }, "activation scale 0"},
		{func(n *model.Network) { n.Layers[2].Scale *= 2 }, "fire2/expand3x3: activation scale"},
		{func(n *model.Network) { n.Layers[10].Scale = 2 }, "conv5: activation scale 2"},
		{func(n *model.Network) { n.Layers[10].Multiplier[3] = math.MaxFloat32 / 2 }, "channel 3: with multiplier"},
		{func(n *model.Network) { n.Layers[0].Bias[1] = math.MaxInt32 }, "channel 1: its accumulator may reach"},
		{func(n *model.Network) { n.Layers[0].Weights[1] = -128 }, "weight 1 is -128"},
		{func(n *model.Network) { n.Labels = []string{"one"} }, "1 labels for 11 classes"},
		{func(n *model.Network) { n.Input.Size = 30 }, "input side 30, but the topology's is 33"},
		{func(n *model.Network) { n.Input.Std[1] = 0 }, "channel 1"},
	} {
		n := randomNetwork(r, smallTopologies()["ceil"])
		c.change(n)
		_, err := model.NewEngine(n, 1)
		require.ErrorContains(t, err, c.says)
	}
	for _, workers := range []int{0, model.MaxWorkers + 1} {
		_, err := model.NewEngine(randomNetwork(r, smallTopologies()["ceil"]), workers)
		require.ErrorContains(t, err, fmt.Sprintf("%d workers", workers))
	}
}

// BenchmarkEngine is one frame of each published network.
func BenchmarkEngine(b *testing.B) {
	for _, topology := range []model.Topology{model.V11(), model.V10()} {
		for _, workers := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/workers=%d", topology.Name, workers), func(b *testing.B) {
				n := randomNetwork(rand.New(rand.NewPCG(5, 5)), topology)
				e, err := model.NewEngine(n, workers)
				require.NoError(b, err)
				defer e.Close()
				for b.Loop() {
					e.Run()
				}
			})
		}
	}
}
