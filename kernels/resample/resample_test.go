package resample

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/kernels/internal/isa"
)

// forEach runs a test with every backend that this machine has.
func forEach(t *testing.T, test func(t *testing.T, impl backend)) {
	for _, s := range isa.Available() {
		t.Run(string(s), func(t *testing.T) { test(t, backendFor(s)) })
	}
}

// lengths lie around the edges of every vector.
var lengths = []int{1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100, 227}

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

// randomTaps returns taps that add up to one. Sometimes a single tap is one.
func randomTaps(r *rand.Rand, window int) []uint16 {
	taps := make([]uint16, window)
	left := 1 << TapBits
	for t := range taps[1:] {
		w := r.IntN(left + 1)
		if r.IntN(4) == 0 {
			w = left
		}
		taps[t], left = uint16(w), left-w
	}
	taps[window-1] = uint16(left)
	return taps
}

func pick(r *rand.Rand, list []int) int { return list[r.IntN(len(list))] }

// TestVertical compares every backend with sums in arbitrary precision. Only
// the line is written.
func TestVertical(t *testing.T) {
	forEach(t, func(t *testing.T, impl backend) {
		r := rand.New(rand.NewPCG(31, 32))
		for range 300 {
			n, window := pick(r, lengths), 1+r.IntN(9)
			stride := n + r.IntN(5)
			src, taps := randomBytes(r, (window-1)*stride+n), randomTaps(r, window)
			if r.IntN(3) == 0 {
				fill(src, 255)
			}
			want := make([]uint16, n)
			for k := range want {
				want[k] = roundedSum(TapBits-8, taps, func(tap int) int { return int(src[tap*stride+k]) })
			}
			got := make([]uint16, n+1)
			got[n] = 0xABCD
			impl.vertical(got[:n], src, stride, taps)
			require.Equal(t, append(want, 0xABCD), got, "%d bytes, %d rows", n, window)

			pairs := n / 2
			if pairs == 0 {
				continue
			}
			even, odd := make([]uint16, pairs+1), make([]uint16, pairs+1)
			even[pairs], odd[pairs] = 0xABCD, 0xABCD
			impl.verticalPairs(even[:pairs], odd[:pairs], src, stride, taps)
			for k := range pairs {
				require.Equal(t, want[2*k], even[k], "pair %d of %d, %d rows", k, pairs, window)
				require.Equal(t, want[2*k+1], odd[k], "pair %d of %d, %d rows", k, pairs, window)
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

// roundedSum returns the weighted sum shifted right, halves rounded up.
func roundedSum(shift uint, taps []uint16, sample func(tap int) int) uint16 {
	sum := big.NewInt(1 << (shift - 1))
	for t, w := range taps {
		sum.Add(sum, big.NewInt(int64(w)*int64(sample(t))))
	}
	return uint16(sum.Rsh(sum, shift).Uint64())
}

// TestFilter does the same for the horizontal pass.
func TestFilter(t *testing.T) {
	forEach(t, func(t *testing.T, impl backend) {
		r := rand.New(rand.NewPCG(33, 34))
		for range 300 {
			count, window, channels := pick(r, lengths), 1+r.IntN(20), 1+r.IntN(2)
			length := window + r.IntN(50)
			line := randomUint16s(r, channels*length+Slack, 255<<8+1)
			if r.IntN(3) == 0 {
				fill(line, 255<<8)
			}
			var first []int
			var taps []uint16
			for range count {
				first = append(first, r.IntN(length-window+1))
				taps = append(taps, randomTaps(r, window)...)
			}
			f := NewFilter(channels, window, first, taps)
			a, b := make([]uint16, count+Slack), make([]uint16, count+Slack)
			got := [][]uint16{a, b}
			if channels == 1 {
				impl.filter(f, a, line)
			} else {
				impl.filterPairs(f, a, b, line)
			}
			for x := range count {
				for c := range channels {
					want := roundedSum(TapBits+1, taps[x*window:][:window], func(tap int) int {
						return int(line[(first[x]+tap)*channels+c])
					})
					require.Equal(t, want, got[c][x], "position %d of %d, %d taps, channel %d of %d", x, count, window, c, channels)
				}
			}
		}
	})
}

// TestMatrix does the same for the colour matrix. Only the pixels are written.
func TestMatrix(t *testing.T) {
	forEach(t, func(t *testing.T, impl backend) {
		r := rand.New(rand.NewPCG(35, 36))
		for range 300 {
			n := pick(r, lengths)
			m := &Matrix{Y: int16(r.IntN(1 << 14))}
			for k := range 2 {
				m.A[k], m.B[k] = int16(r.IntN(1<<15)-1<<14), int16(r.IntN(1<<15)-1<<14)
			}
			for k := range 3 {
				m.Bias[k] = int16(r.IntN(1<<13) - 1<<13)
			}
			var samples [3][]uint16
			for k := range samples {
				samples[k] = randomUint16s(r, n, 255<<7+1)
			}
			got := make([]int8, 3*n+1)
			got[3*n] = 77
			impl.convert(m, got, samples[0], samples[1], samples[2])
			for x := range n {
				for k, matrix := range [3][2]int16{{m.A[0], 0}, {m.A[1], m.B[0]}, {0, m.B[1]}} {
					sum := float64(m.Bias[k])
					for s, factor := range [3]int16{m.Y, matrix[0], matrix[1]} {
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

// TestNoAllocations: the exported functions do not allocate.
func TestNoAllocations(t *testing.T) {
	r := rand.New(rand.NewPCG(37, 38))
	src, line, taps := randomBytes(r, 4*64), randomUint16s(r, 64+Slack, 1<<15), randomTaps(r, 4)
	a, b := make([]uint16, 64+Slack), make([]uint16, 64+Slack)
	single, pairs := NewFilter(1, 4, []int{1, 60}, append(taps, taps...)), NewFilter(2, 4, []int{1, 28}, append(taps, taps...))
	m, pixels := &Matrix{Y: 1 << 13}, make([]int8, 3*64)
	require.Zero(t, testing.AllocsPerRun(10, func() {
		Vertical(a[:64], src, 64, taps)
		VerticalPairs(a[:32], b[:32], src, 64, taps)
		single.Apply(a, line)
		pairs.ApplyPairs(a, b, line)
		m.Convert(pixels, a[:64], b[:64], line[:64])
	}))
}

// TestLengthsAreChecked: a buffer that is too short causes a panic, because the
// assembly does not check.
func TestLengthsAreChecked(t *testing.T) {
	taps := []uint16{1 << 14, 1 << 14}
	line := func(n int) []uint16 { return make([]uint16, n) }
	Vertical(line(40), make([]byte, 80), 40, taps)
	require.Panics(t, func() { Vertical(line(40), make([]byte, 79), 40, taps) })
	VerticalPairs(line(20), line(20), make([]byte, 80), 40, taps)
	require.Panics(t, func() { VerticalPairs(line(20), line(20), make([]byte, 79), 40, taps) })
	require.Panics(t, func() { VerticalPairs(line(20), line(19), make([]byte, 80), 40, taps) })
	single, pairs := NewFilter(1, 2, []int{5}, taps), NewFilter(2, 2, []int{5}, taps)
	single.Apply(line(1+Slack), line(7+Slack))
	pairs.ApplyPairs(line(1+Slack), line(1+Slack), line(14+Slack))
	require.Panics(t, func() { single.Apply(line(1+Slack), line(6)) })
	require.Panics(t, func() { pairs.ApplyPairs(line(1+Slack), line(1+Slack), line(13)) })
	require.Panics(t, func() { pairs.ApplyPairs(line(1+Slack), line(0), line(14+Slack)) })
	m := &Matrix{}
	m.Convert(make([]int8, 24), line(8), line(8), line(8))
	require.Panics(t, func() { m.Convert(make([]int8, 23), line(8), line(8), line(8)) })
	require.Panics(t, func() { m.Convert(make([]int8, 24), line(8), line(7), line(8)) })
	require.Panics(t, func() { m.Convert(make([]int8, 24), line(8), line(8), line(7)) })
}
