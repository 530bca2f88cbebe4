package importer

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
	"halfmeg/quant/float"
)

// sample is a synthetic network that these tests encode in every format. Its
// values are multiples of 1/8, which every data type holds exactly.
type sample struct {
	topology model.Topology
	steps    []model.Step // the convolutions
	weights  [][]float32  // [out][in][y][x], as files have them
	bias     [][]float32
	norms    [][4][]float32 // batch normalization after each convolution: gamma, beta, mean, variance
}

// normEpsilon is the epsilon of the samples' batch normalization, PyTorch's default.
const normEpsilon = 1e-5

// normalize adds batch normalization after every convolution.
func (s *sample) normalize() *sample {
	random := rand.New(rand.NewPCG(3, 4))
	for _, step := range s.steps {
		var norm [4][]float32
		for range step.Out {
			for i, v := range []float64{random.NormFloat64(), random.NormFloat64(), random.NormFloat64(), random.Float64() + 0.5} {
				norm[i] = append(norm[i], float32(v))
			}
		}
		s.norms = append(s.norms, norm)
	}
	return s
}

func newSample(t testing.TB, topology model.Topology) *sample {
	s := &sample{topology: topology}
	g, err := topology.Graph()
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(1, 2))
	fill := func(n int) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(random.IntN(33)-16) / 8
		}
		return v
	}
	s.steps = g.Convolutions
	for _, step := range s.steps {
		s.weights = append(s.weights, fill(step.Weights()))
		s.bias = append(s.bias, fill(step.Out))
	}
	return s
}

// tiny returns an unknown topology with a bypass, a padded conv1 and a padded head.
func tiny() model.Topology {
	return model.Topology{
		Size:      64,
		Conv1:     model.Stem{Filters: 8, Kernel: 5, Stride: 2, Pad: 1},
		Fires:     []model.Fire{{S1x1: 2, E1x1: 3, E3x3: 5}, {S1x1: 3, E1x1: 4, E3x3: 4, Bypass: true}, {S1x1: 2, E1x1: 2, E3x3: 3}},
		PoolAfter: []int{1, 3},
		PoolCeil:  true,
		Head:      model.Head{Classes: 4, Pad: 1},
	}
}

// slim returns a v1.0 or v1.1 with few channels in its fire modules and few classes.
func slim(t model.Topology) model.Topology {
	for i := range t.Fires {
		t.Fires[i] = model.Fire{S1x1: 2, E1x1: 2, E3x3: 3}
	}
	t.Head.Classes = 7
	return t
}

// layers returns the parameters that an import must return.
func (s *sample) layers() []float.Layer {
	layers := make([]float.Layer, len(s.steps))
	for i, step := range s.steps {
		l := float.Layer{Bias: s.bias[i]}
		for o := range step.Out {
			for y := range step.Kernel {
				for x := range step.Kernel {
					for in := range step.In {
						l.Weights = append(l.Weights, s.weights[i][((o*step.In+in)*step.Kernel+y)*step.Kernel+x])
					}
				}
			}
		}
		layers[i] = l
	}
	return layers
}

// require verifies that a loaded network is the sample.
func (s *sample) require(t *testing.T, l *Loaded) {
	t.Helper()
	got := l.Network.Topology
	got.Name = s.topology.Name
	require.Equal(t, s.topology, got)
	require.Equal(t, s.layers(), l.Network.Layers)
}

// shape returns the shape of a convolution in files.
func (s *sample) shape(i int) []int64 {
	step := s.steps[i]
	return []int64{int64(step.Out), int64(step.In), int64(step.Kernel), int64(step.Kernel)}
}

// torchName returns torchvision's key of a convolution. Its numbers count pools.
func (s *sample) torchName(i int) string {
	step := s.steps[i]
	number := 2
	for i := range len(s.topology.Fires) {
		if slices.Contains(s.topology.PoolAfter, i+1) {
			number++
		}
		if i == step.Fire {
			break
		}
		number++
	}
	switch step.Kind {
	case model.Conv1:
		return "features.0"
	case model.Conv10:
		return "classifier.1"
	case model.Squeeze:
		return fmt.Sprintf("features.%d.squeeze", number)
	case model.Expand1x1:
		return fmt.Sprintf("features.%d.expand1x1", number)
	default:
		return fmt.Sprintf("features.%d.expand3x3", number)
	}
}

// read imports a file in memory.
func read(data []byte, o Options) (*Loaded, error) {
	opts, err := o.parse()
	if err != nil {
		return nil, err
	}
	l, err := load(data, &externalFiles{}, opts)
	if err != nil {
		return nil, err
	}
	return l, l.label(opts.labels)
}

func mustRead(t *testing.T, data []byte, o Options) *Loaded {
	t.Helper()
	l, err := read(data, o)
	require.NoError(t, err)
	return l
}

// writeFile writes data to a file in a temporary directory.
func writeFile(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}
