package kernels

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// pictureSizes are lengths around every vector's edge.
var pictureSizes = []int{1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100, 227}

func randomUint16s(r *rand.Rand, n, below int) []uint16 {
	list := make([]uint16, n)
	for i := range list {
		list[i] = uint16(r.IntN(below))
	}
	return list
}

func randomBytes(r *rand.Rand, n int) []byte {
	list := make([]byte, n)
	for i := range list {
		list[i] = byte(r.IntN(256))
	}
	return list
}

// randomWeights are some that add up to one; sometimes a single one is all.
func randomWeights(r *rand.Rand, taps int) []uint16 {
	weights := make([]uint16, taps)
	left := 1 << WeightBits
	for t := range weights[1:] {
		w := r.IntN(left + 1)
		if r.IntN(4) == 0 {
			w = left
		}
		weights[t], left = uint16(w), left-w
	}
	weights[taps-1] = uint16(left)
	return weights
}

func some(r *rand.Rand, list []int) int { return list[r.IntN(len(list))] }

// TestBlendRows holds every implementation to sums in arbitrary precision,
// and nothing but the line is written.
func TestBlendRows(t *testing.T) {
	forEach(t, func(t *testing.T, i implementation) {
		r := rand.New(rand.NewPCG(31, 32))
		for range 300 {
			n, taps := some(r, pictureSizes), 1+r.IntN(9)
			stride := n + r.IntN(5)
			src, weights := randomBytes(r, (taps-1)*stride+n), randomWeights(r, taps)
			if r.IntN(3) == 0 {
				fill(src, 255)
			}
			want := make([]uint16, n)
			for k := range want {
				want[k] = roundedSum(WeightBits-8, weights, func(tap int) int { return int(src[tap*stride+k]) })
			}
			got := make([]uint16, n+1)
			got[n] = 0xABCD
			i.picture.blendRows(got[:n], src, stride, weights)
			require.Equal(t, append(want, 0xABCD), got, "%d bytes, %d rows", n, taps)

			pairs := n / 2
			if pairs == 0 {
				continue
			}
			even, odd := make([]uint16, pairs+1), make([]uint16, pairs+1)
			even[pairs], odd[pairs] = 0xABCD, 0xABCD
			i.picture.blendRowPairs(even[:pairs], odd[:pairs], src, stride, weights)
			for k := range pairs {
				require.Equal(t, want[2*k], even[k], "pair %d of %d, %d rows", k, pairs, taps)
				require.Equal(t, want[2*k+1], odd[k], "pair %d of %d, %d rows", k, pairs, taps)
			}
			require.Equal(t, []uint16{0xABCD, 0xABCD}, []uint16{even[pairs], odd[pairs]})
		}
	})
}

func fill[T any](list []T, v T) {
	for i := range list {
		list[i] = v
	}
}

// roundedSum is the weighted sum, halves rounded up, without its last bits.
func roundedSum(shift uint, weights []uint16, sample func(tap int) int) uint16 {
	sum := big.NewInt(1 << (shift - 1))
	for t, w := range weights {
		sum.Add(sum, big.NewInt(int64(w)*int64(sample(t))))
	}
	return uint16(sum.Rsh(sum, shift).Uint64())
}

// TestWindows does the same for windows along a line.
func TestWindows(t *testing.T) {
	forEach(t, func(t *testing.T, i implementation) {
		r := rand.New(rand.NewPCG(33, 34))
		for range 300 {
			count, taps, channels := some(r, pictureSizes), 1+r.IntN(20), 1+r.IntN(2)
			length := taps + r.IntN(50)
			line := randomUint16s(r, channels*length+WindowSlack, 255<<8+1)
			if r.IntN(3) == 0 {
				fill(line, 255<<8)
			}
			var first []int
			var weights []uint16
			for range count {
				first = append(first, r.IntN(length-taps+1))
				weights = append(weights, randomWeights(r, taps)...)
			}
			w := NewWindows(channels, taps, first, weights)
			a, b := make([]uint16, count+WindowSlack), make([]uint16, count+WindowSlack)
			got := [][]uint16{a, b}
			if channels == 1 {
				i.picture.blend(w, a, line)
			} else {
				i.picture.blendPairs(w, a, b, line)
			}
			for x := range count {
				for c := range channels {
					want := roundedSum(WeightBits+1, weights[x*taps:][:taps], func(tap int) int {
						return int(line[(first[x]+tap)*channels+c])
					})
					require.Equal(t, want, got[c][x], "position %d of %d, %d taps, channel %d of %d", x, count, taps, c, channels)
				}
			}
		}
	})
}

// TestColours does the same for pixels, and nothing but the pixels is written.
func TestColours(t *testing.T) {
	forEach(t, func(t *testing.T, i implementation) {
		r := rand.New(rand.NewPCG(35, 36))
		for range 300 {
			n := some(r, pictureSizes)
			c := &Colours{Y: int16(r.IntN(1 << 14))}
			for k := range 2 {
				c.A[k], c.B[k] = int16(r.IntN(1<<15)-1<<14), int16(r.IntN(1<<15)-1<<14)
			}
			for k := range 3 {
				c.Bias[k] = int16(r.IntN(1<<13) - 1<<13)
			}
			var samples [3][]uint16
			for k := range samples {
				samples[k] = randomUint16s(r, n, 255<<7+1)
			}
			got := make([]int8, 3*n+1)
			got[3*n] = 77
			i.picture.convert(c, got, samples[0], samples[1], samples[2])
			for x := range n {
				for k, matrix := range [3][2]int16{{c.A[0], 0}, {c.A[1], c.B[0]}, {0, c.B[1]}} {
					sum := float64(c.Bias[k])
					for s, factor := range [3]int16{c.Y, matrix[0], matrix[1]} {
						sum += math.Floor(float64(factor)*float64(samples[s][x])/(1<<15) + 0.5)
					}
					want := min(max(math.Floor(sum/(1<<5)+0.5), -128), 127)
					require.Equal(t, int8(want), got[3*x+k], "channel %d of pixel %d of %d", k, x, n)
				}
			}
			require.EqualValues(t, 77, got[3*n])
		}
	})
}

// TestPicturesAllocateNothing: what is exported chooses the implementation,
// and that is all.
func TestPicturesAllocateNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(37, 38))
	src, line, weights := randomBytes(r, 4*64), randomUint16s(r, 64+WindowSlack, 1<<15), randomWeights(r, 4)
	a, b := make([]uint16, 64+WindowSlack), make([]uint16, 64+WindowSlack)
	single, pairs := NewWindows(1, 4, []int{1, 60}, append(weights, weights...)), NewWindows(2, 4, []int{1, 28}, append(weights, weights...))
	c, pixels := &Colours{Y: 1 << 13}, make([]int8, 3*64)
	require.Zero(t, testing.AllocsPerRun(10, func() {
		BlendRows(a[:64], src, 64, weights)
		BlendRowPairs(a[:32], b[:32], src, 64, weights)
		single.Blend(a, line)
		pairs.BlendPairs(a, b, line)
		c.Convert(pixels, a[:64], b[:64], line[:64])
	}))
}

// TestPicturesCheckLengths: a buffer that is too short is a panic, for the
// assembler would not see it.
func TestPicturesCheckLengths(t *testing.T) {
	weights := []uint16{1 << 14, 1 << 14}
	line := func(n int) []uint16 { return make([]uint16, n) }
	BlendRows(line(40), make([]byte, 80), 40, weights)
	require.Panics(t, func() { BlendRows(line(40), make([]byte, 79), 40, weights) })
	BlendRowPairs(line(20), line(20), make([]byte, 80), 40, weights)
	require.Panics(t, func() { BlendRowPairs(line(20), line(20), make([]byte, 79), 40, weights) })
	require.Panics(t, func() { BlendRowPairs(line(20), line(19), make([]byte, 80), 40, weights) })
	single, pairs := NewWindows(1, 2, []int{5}, weights), NewWindows(2, 2, []int{5}, weights)
	single.Blend(line(1+WindowSlack), line(7+WindowSlack))
	pairs.BlendPairs(line(1+WindowSlack), line(1+WindowSlack), line(14+WindowSlack))
	require.Panics(t, func() { single.Blend(line(1+WindowSlack), line(6)) })
	require.Panics(t, func() { pairs.BlendPairs(line(1+WindowSlack), line(1+WindowSlack), line(13)) })
	require.Panics(t, func() { pairs.BlendPairs(line(1+WindowSlack), line(0), line(14+WindowSlack)) })
	c := &Colours{}
	c.Convert(make([]int8, 24), line(8), line(8), line(8))
	require.Panics(t, func() { c.Convert(make([]int8, 23), line(8), line(8), line(8)) })
	require.Panics(t, func() { c.Convert(make([]int8, 24), line(8), line(7), line(8)) })
	require.Panics(t, func() { c.Convert(make([]int8, 24), line(8), line(8), line(7)) })
}
