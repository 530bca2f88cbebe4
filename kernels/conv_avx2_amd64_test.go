//go:build !noasm

package kernels

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/kernels/internal/isa"
)

// TestRuns: weights that reach the limit of an int16 exactly, or exceed it by one,
// in the pairs of a step and over the steps of a run. The largest codes would show
// a saturated sum.
func TestRuns(t *testing.T) {
	if !slices.Contains(isa.Available(), isa.AVX2) {
		return // such a machine registers no kernels that this could test
	}
	const in, out = 64, 16
	for _, pairs := range [][2][2]int8{
		{{64, 64}}, {{64, 65}}, {{127, 1}}, {{127, 2}}, {{127, 127}}, {{-127, 127}},
		{{64}, {64}}, {{64}, {64, 1}}, {{100}, {0, 29}}, {{127, -127}, {1, -1}}, {{127, -127}, {2, -2}},
	} {
		for _, sign := range []int8{1, -1} {
			weights := make([]int8, out*in) // two pairs in zeros, or the panel would be wide
			for o := range out {
				for i, k := range []int{12, 36} {
					weights[o*in+k], weights[o*in+k+1] = sign*pairs[i][0], sign*pairs[i][1]
				}
			}
			testExact(t, in, out, weights)
		}
	}
	r := rand.New(rand.NewPCG(21, 22))
	for largest := 1; largest <= 127; largest += 3 {
		weights := make([]int8, out*in)
		for k := range weights {
			weights[k] = int8(r.IntN(2*largest+1) - largest)
		}
		testExact(t, in, out, weights)
	}
}

// testExact compares a 1x1 convolution with the plain loop, for the smallest and
// the largest codes.
func testExact(t *testing.T, in, out int, weights []int8) {
	t.Helper()
	m := make([]float32, out)
	for o := range m {
		m[o] = 1
	}
	s := ConvSpec{in, out, 1, 1, weights, make([]int32, out), m}
	for _, code := range []int8{-128, 127} {
		src := Map{Data: make([]int8, 9*in), Pixel: in, Row: 9 * in}
		for k := range src.Data {
			src.Data[k] = code
		}
		want, got := make([]int64, out), make([]int64, out)
		newConv(generic, s).Sums(want, src, 9, 1, Span{0, out})
		newConv(backendFor(isa.AVX2), s).Sums(got, src, 9, 1, Span{0, out})
		require.Equal(t, want, got, "weights %d, code %d", weights, code)
	}
}

// TestRunsFit: every run of the packed weights fits an int16, and the weights of
// all runs are those of the convolution.
func TestRunsFit(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 24))
	kinds := map[bool]int{}
	for range 200 {
		in, out, kernel := 1+r.IntN(40), 1+r.IntN(40), 1+2*r.IntN(2)
		weights := make([]int8, out*kernel*kernel*in)
		largest := 1 << r.IntN(8)
		for k := range weights {
			weights[k] = int8(r.IntN(2*largest-1) - largest + 1)
		}
		f := fold(ConvSpec{in, out, kernel, 1, weights, make([]int32, out), make([]float32, out)})
		c := newTiled(f, isa.AVX2, tiling{units: 3, unit: 2, panels: 1})
		for p := range c.firstRun {
			wide := c.runs[c.firstRun[p]].steps == widePanel
			kinds[wide]++
			if !wide {
				requireRuns(t, c, p, weights)
			}
		}
	}
	require.Positive(t, kinds[true])
	require.Positive(t, kinds[false])
}

func requireRuns(t *testing.T, c *tiledConv, panel int, weights []int8) {
	t.Helper()
	length := c.Kernel * c.In
	sums := make([]int, panelChannels*c.Kernel*c.groups*4)
	n := c.firstByte[panel] / len(stepWeights{})
	for _, r := range c.runs[c.firstRun[panel]:] {
		if r.steps == 0 {
			break
		}
		var lanes laneSums
		for s := range int(r.steps) {
			w := c.step(n)
			n++
			lanes.add(w)
			for i, v := range w {
				sums[((i/4*c.Kernel+int(r.row))*c.groups+int(r.offset)/4+s)*4+i%4] += int(v)
			}
		}
		require.True(t, lanes.fits())
	}
	for i := range min(panelChannels, c.Out-panel*panelChannels) {
		for y := range c.Kernel {
			for k := range length {
				want := weights[((panel*panelChannels+i)*c.Kernel+y)*length+k]
				require.Equal(t, int(want), sums[(i*c.Kernel+y)*c.groups*4+k], "channel %d, row %d, k %d", i, y, k)
			}
		}
	}
}
