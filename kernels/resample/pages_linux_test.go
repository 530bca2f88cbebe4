package resample

import (
	"math/rand/v2"
	"testing"

	"halfmeg/kernels/internal/kerneltest"
)

// TestStaysInsideBuffers runs every kernel on buffers between pages that fault.
func TestStaysInsideBuffers(t *testing.T) {
	forEach(t, func(t *testing.T, impl backend) {
		r := rand.New(rand.NewPCG(13, 14))
		for n := range 60 {
			end := n%2 == 0
			line := func(n int) []uint16 { return kerneltest.GuardPages(t, randomUint16s(r, n, 255<<7+1), end) }
			count, window := pick(r, lengths), 1+r.IntN(9)
			stride := 2*count + r.IntN(5)
			taps := randomTaps(r, window)
			src := kerneltest.GuardPages(t, randomBytes(r, (window-1)*stride+2*count), end)
			impl.vertical(line(2*count), src, stride, taps)
			impl.verticalPairs(line(count), line(count), src, stride, taps)
			single := NewFilter(1, window, []int{0, 1}, append(taps, taps...))
			impl.filter(single, line(2+Slack), line(1+window+Slack))
			pairs := NewFilter(2, window, []int{0, 1}, append(taps, taps...))
			impl.filterPairs(pairs, line(2+Slack), line(2+Slack), line(2*(1+window)+Slack))
			pixels := kerneltest.GuardPages(t, make([]int8, 3*count), end)
			impl.convert(&Matrix{}, pixels, line(count), line(count), line(count))
		}
	})
}
