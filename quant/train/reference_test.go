package train

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
	"halfmeg/model"
	"halfmeg/quant/float"
)

// reference is a plain forward pass in float64, for gradients by differences.
type reference struct {
	graph  *model.Graph
	layers [][2][]float64 // weights, biases
	mask   []float32      // of the head's input, or nil
}

func newReference(t *testing.T, n *float.Network) *reference {
	g, err := n.Topology.Graph()
	require.NoError(t, err)
	r := &reference{graph: g}
	for _, l := range n.Layers {
		r.layers = append(r.layers, [2][]float64{widen(l.Weights), widen(l.Bias)})
	}
	return r
}

func widen(values []float32) []float64 {
	w := make([]float64, len(values))
	for i, v := range values {
		w[i] = float64(v)
	}
	return w
}

// logits computes the network, given its normalized input.
func (r *reference) logits(input []float64) []float64 {
	maps := [][]float64{input}
	for _, tensor := range r.graph.Tensors[1:] {
		out := make([]float64, tensor.Size*tensor.Size*tensor.Channels)
		for _, s := range tensor.Writers {
			in := maps[s.Input]
			if s.Kind == model.Conv10 && r.mask != nil {
				in = append([]float64(nil), in...)
				for k, m := range r.mask {
					in[k] *= float64(m)
				}
			}
			for y := range s.OutSize {
				for x := range s.OutSize {
					for o := range s.Out {
						out[(y*s.OutSize+x)*tensor.Channels+s.Channel+o] = r.element(s, in, y, x, o)
					}
				}
			}
		}
		if tensor.Adds != model.None {
			for k, v := range maps[tensor.Adds] {
				out[k] += v
			}
		}
		maps = append(maps, out)
	}
	head := r.graph.Head()
	logits := make([]float64, head.Out)
	for i, v := range maps[head.Output] {
		logits[i%head.Out] += v / float64(head.OutSize*head.OutSize)
	}
	return logits
}

// element computes one element of a step's output.
func (r *reference) element(s model.Step, in []float64, y, x, o int) float64 {
	at := func(y, x, c int) (float64, bool) {
		if y < 0 || x < 0 || y >= s.InSize || x >= s.InSize {
			return 0, false
		}
		return in[(y*s.InSize+x)*s.In+c], true
	}
	if s.Kind == model.Pool {
		largest := math.Inf(-1)
		for ky := range model.PoolKernel {
			for kx := range model.PoolKernel {
				if v, inside := at(y*model.PoolStride+ky, x*model.PoolStride+kx, o); inside {
					largest = max(largest, v)
				}
			}
		}
		return largest
	}
	sum := r.layers[s.Layer][1][o]
	for ky := range s.Kernel {
		for kx := range s.Kernel {
			for c := range s.In {
				v, _ := at(y*s.Stride-s.Pad+ky, x*s.Stride-s.Pad+kx, c)
				sum += r.layers[s.Layer][0][((o*s.Kernel+ky)*s.Kernel+kx)*s.In+c] * v
			}
		}
	}
	if s.Linear {
		return sum
	}
	return max(sum, 0)
}

// normalized is what the float network reads.
func normalized(picture []int8, in model.Input) []float64 {
	values := make([]float64, len(picture))
	for i, b := range picture {
		values[i] = (float64(int(b)+128) - float64(in.Mean[i%3])) / float64(in.Std[i%3])
	}
	return values
}

// lossOf is the definition of the loss, in float64.
func lossOf(logits []float64, target []float32, smoothing float64, weights []float32) float64 {
	sum, loss := 0.0, 0.0
	for _, l := range logits {
		sum += math.Exp(l)
	}
	for c, l := range logits {
		share := (1-smoothing)*float64(target[c]) + smoothing/float64(len(logits))
		if weights != nil {
			share *= float64(weights[c])
		}
		loss -= share * math.Log(math.Exp(l)/sum)
	}
	return loss
}

// noise is a Source of noise with random targets, the same in every epoch.
type noise struct{ count, size int }

func (s noise) Len() int { return s.count }

func (s noise) Draw(_, i int, _ *rand.Rand, dst []int8, target []float32) error {
	r := rand.New(rand.NewPCG(uint64(i), 77))
	copy(dst, testnet.Picture(r, s.size))
	sum := float32(0)
	for c := range target {
		target[c] = r.Float32()
		sum += target[c]
	}
	for c := range target {
		target[c] /= sum
	}
	return nil
}

// randomNetwork returns a network whose activations and logits are of the order
// of 1.
func randomNetwork(seed uint64, topology model.Topology) *float.Network {
	n := &float.Network{Topology: topology, Input: testnet.Input(topology)}
	r := rand.New(rand.NewPCG(seed, seed))
	for _, p := range testnet.Floats(r, topology, func(depth float64) float64 { return 1.5 / math.Sqrt(depth) }) {
		n.Layers = append(n.Layers, float.Layer(p))
	}
	return n
}
