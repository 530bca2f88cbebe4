package importer

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
	"halfmeg/quant/float"
)

// planes is a map [channel][y][x] of the plain forward pass.
type planes [][][]float64

func newPlanes(channels, side int) planes {
	p := make(planes, channels)
	for c := range p {
		p[c] = make([][]float64, side)
		for y := range p[c] {
			p[c][y] = make([]float64, side)
		}
	}
	return p
}

// at returns 0 outside of the map.
func (p planes) at(c, y, x int) float64 {
	if y < 0 || x < 0 || y >= len(p[c]) || x >= len(p[c]) {
		return 0
	}
	return p[c][y][x]
}

// conv computes convolution i, its batch normalization and its ReLU, if it has one.
func (s *sample) conv(i int, in planes) planes {
	step, k := s.steps[i], s.steps[i].Kernel
	side := (len(in[0])+2*step.Pad-k)/step.Stride + 1
	out := newPlanes(step.Out, side)
	for o := range out {
		for y := range side {
			for x := range side {
				sum := float64(s.bias[i][o])
				for c := range step.In {
					for ky := range k {
						for kx := range k {
							w := float64(s.weights[i][((o*step.In+c)*k+ky)*k+kx])
							sum += w * in.at(c, y*step.Stride+ky-step.Pad, x*step.Stride+kx-step.Pad)
						}
					}
				}
				if s.norms != nil {
					n := s.norms[i]
					gamma, beta, mean, variance := float64(n[0][o]), float64(n[1][o]), float64(n[2][o]), float64(n[3][o])
					sum = (sum-mean)/math.Sqrt(variance+normEpsilon)*gamma + beta
				}
				if !step.Linear {
					sum = max(sum, 0)
				}
				out[o][y][x] = sum
			}
		}
	}
	return out
}

// pool computes a max-pool of 3x3 with stride 2 that rounds its output size up.
func (p planes) pool() planes {
	side := (len(p[0])-3+1)/2 + 1
	out := newPlanes(len(p), side)
	for c := range p {
		for y := range side {
			for x := range side {
				for ky := 2 * y; ky < min(2*y+3, len(p[c])); ky++ {
					for kx := 2 * x; kx < min(2*x+3, len(p[c])); kx++ {
						out[c][y][x] = max(out[c][y][x], p[c][ky][kx])
					}
				}
			}
		}
	}
	return out
}

// forward runs the forward pass as the paper describes it, in float64.
func (s *sample) forward(picture planes) []float64 {
	m := s.conv(0, picture)
	for i, f := range s.topology.Fires {
		if slices.Contains(s.topology.PoolAfter, i+1) {
			m = m.pool()
		}
		squeezed := s.conv(3*i+1, m)
		out := slices.Concat(s.conv(3*i+2, squeezed), s.conv(3*i+3, squeezed))
		for c := range out {
			for y := range out[c] {
				for x := range out[c][y] {
					if f.Bypass {
						out[c][y][x] += m[c][y][x]
					}
				}
			}
		}
		m = out
	}
	if slices.Contains(s.topology.PoolAfter, len(s.topology.Fires)+1) {
		m = m.pool()
	}
	var logits []float64
	for _, plane := range s.conv(len(s.steps)-1, m) {
		sum := 0.0
		for _, row := range plane {
			for _, v := range row {
				sum += v
			}
		}
		logits = append(logits, sum/float64(len(plane)*len(plane)))
	}
	return logits
}

// requireLogits verifies that a loaded network computes what the sample does.
func (s *sample) requireLogits(t *testing.T, l *Loaded) {
	t.Helper()
	in := l.Network.Input
	require.Equal(t, 0, s.topology.Conv1.Pad) // the engine pads with another value
	picture := goldenPicture(in)
	x := newPlanes(3, in.Size)
	for i, v := range picture {
		c, place := i%3, i/3
		x[c][place/in.Size][place%in.Size] = (float64(v) + 128 - float64(in.Mean[c])) / float64(in.Std[c])
	}
	want := s.forward(x)
	pass, err := float.NewForward(l.Network)
	require.NoError(t, err)
	got, err := pass.NewPass().Run(picture)
	require.NoError(t, err)
	require.Len(t, got, len(want))
	largest := 0.0
	for _, v := range want {
		largest = max(largest, math.Abs(v))
	}
	require.Positive(t, largest)
	for c, v := range got {
		require.InDelta(t, want[c], v, 1e-4*largest, "class %d", c)
	}
}

// unpadded returns tiny without the padding of conv1.
func unpadded() model.Topology {
	t := tiny()
	t.Conv1.Pad = 0
	return t
}
