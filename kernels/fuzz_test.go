package kernels

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/kernels/internal/isa"
)

// FuzzBlock compares every backend with the plain loop. The fuzzer chooses
// shapes, bias, multiplier and the largest weight; weights and inputs are random
// numbers from a seed.
func FuzzBlock(f *testing.F) {
	f.Add(uint64(1), uint8(16), uint8(4), uint8(1), uint8(1), uint8(3), uint8(2), uint8(127), int32(0), float32(0.01))
	f.Add(uint64(2), uint8(3), uint8(64), uint8(3), uint8(2), uint8(9), uint8(1), uint8(31), int32(-5000), float32(3))
	f.Add(uint64(3), uint8(48), uint8(17), uint8(3), uint8(1), uint8(1), uint8(5), uint8(2), int32(1<<30), float32(1e-30))
	f.Fuzz(func(t *testing.T, seed uint64, in, out, kernel, stride, width, height, largest uint8, bias int32, m float32) {
		in, out = 1+in%80, 1+out%80
		kernel, stride = 1+kernel%7, 1+stride%3
		width, height, largest = 1+width%20, 1+height%6, largest%128
		if !(m > 0) || math.IsInf(float64(m), 0) {
			t.Skip("not a valid multiplier")
		}
		r := rand.New(rand.NewPCG(seed, 0))
		depth := int(kernel) * int(kernel) * int(in)
		weights := make([]int8, int(out)*depth)
		for k := range weights {
			weights[k] = int8(r.IntN(2*int(largest)+1) - int(largest))
		}
		// The contract: |bias| + 255 * sum of |weights| < 2^31.
		room := math.MaxInt32 - 255*depth*int(largest)
		biases, multipliers := make([]int32, out), make([]float32, out)
		for o := range biases {
			biases[o], multipliers[o] = int32(max(-room, min(room, int(bias)))), m
		}
		w, h, s, k := int(width), int(height), int(stride), int(kernel)
		src := randomMap(r, (h-1)*s+k, (w-1)*s+k, int(in))
		want := make([]int8, w*h*int(out))
		sums := make([]int64, out)
		for n, set := range isa.Available() {
			c := newConv(backendFor(set), ConvSpec{int(in), int(out), k, s, weights, biases, multipliers})
			dst := Map{Data: make([]int8, len(want)), Pixel: int(out), Row: w * int(out)}
			c.Block(dst, src, w, Span{0, h}, Span{0, int(out)})
			got := make([]int64, out)
			if k == 1 && s == 1 {
				c.Sums(got, src, w, h, Span{0, int(out)})
			}
			if n == 0 { // isa.Generic
				want, sums = dst.Data, got
			}
			require.Equal(t, want, dst.Data, set)
			require.Equal(t, sums, got, set)
		}
	})
}

// FuzzMaxPool does the same for pooling.
func FuzzMaxPool(f *testing.F) {
	f.Add(uint64(1), uint8(7), uint8(16), true)
	f.Fuzz(func(t *testing.T, seed uint64, size, channels uint8, ceil bool) {
		size, channels = 3+size%20, 1+channels%70
		width := (int(size)-3)/2 + 1
		if ceil {
			width = (int(size)-2)/2 + 1
		}
		src := randomMap(rand.New(rand.NewPCG(seed, 0)), int(size), int(size), int(channels))
		var want []int8
		for n, set := range isa.Available() {
			dst := Map{Data: make([]int8, width*width*int(channels)), Pixel: int(channels), Row: width * int(channels)}
			backendFor(set).maxPool(dst, src, PoolSpec{int(channels), int(size), width}, Span{0, width})
			if n == 0 { // isa.Generic
				want = dst.Data
			}
			require.Equal(t, want, dst.Data, set)
		}
	})
}
