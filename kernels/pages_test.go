//go:build linux

package kernels

import (
	"math/rand/v2"
	"os"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// atPageEnd copies the bytes to where the next one would fault, or to right
// behind a page that does.
func atPageEnd[T any](t *testing.T, data []T, end bool) []T {
	page := os.Getpagesize()
	bytes := len(data) * int(unsafe.Sizeof(data[0]))
	size := (bytes + page - 1) / page * page
	mapped, err := unix.Mmap(-1, 0, size+2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, unix.Munmap(mapped)) })
	require.NoError(t, unix.Mprotect(mapped[:page], unix.PROT_NONE))
	require.NoError(t, unix.Mprotect(mapped[page+size:], unix.PROT_NONE))
	inside := mapped[page : page+size]
	if end {
		inside = inside[size-bytes:]
	}
	copied := unsafe.Slice((*T)(unsafe.Pointer(&inside[0])), len(data))
	copy(copied, data)
	return copied
}

// TestNothingBeyondBuffers runs every kernel with maps that begin and end at
// pages which fault.
func TestNothingBeyondBuffers(t *testing.T) {
	forEach(t, func(t *testing.T, i implementation) {
		r := rand.New(rand.NewPCG(11, 12))
		for n := range 60 {
			end := n%2 == 0
			in, out := sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))]
			kernel := []int{1, 3, 7}[r.IntN(3)]
			stride := 1 + r.IntN(min(2, kernel))
			width, height := 1+r.IntN(9), 1+r.IntN(4)
			c, _ := randomConv(r, i, in, out, kernel, stride)
			src := randomMap(r, (height-1)*stride+kernel, (width-1)*stride+kernel, in)
			src.Data = atPageEnd(t, src.Data, end)
			dst := randomMap(r, height, width, out)
			dst.Data = atPageEnd(t, dst.Data, end)
			c.Block(dst, src, width, Span{0, height}, Span{0, out})
			if kernel == 1 && stride == 1 {
				c.Sums(make([]int64, out), src, width, height, Span{0, out})
			}
			size := 3 + r.IntN(6)
			src = randomMap(r, size, size, in)
			src.Data = atPageEnd(t, src.Data, end)
			pooled := (size-3+r.IntN(2))/2 + 1
			dst = randomMap(r, pooled, pooled, in)
			dst.Data = atPageEnd(t, dst.Data, end)
			i.maxPool(dst, src, PoolSpec{in, size, pooled}, Span{0, pooled})
		}
	})
}

// TestPicturesStayInside does the same for what becomes of a camera's samples.
func TestPicturesStayInside(t *testing.T) {
	forEach(t, func(t *testing.T, i implementation) {
		r := rand.New(rand.NewPCG(13, 14))
		for n := range 60 {
			end := n%2 == 0
			line := func(n int) []uint16 { return atPageEnd(t, randomUint16s(r, n, 255<<7+1), end) }
			count, taps := some(r, pictureSizes), 1+r.IntN(9)
			stride := 2*count + r.IntN(5)
			weights := randomWeights(r, taps)
			src := atPageEnd(t, randomBytes(r, (taps-1)*stride+2*count), end)
			i.picture.blendRows(line(2*count), src, stride, weights)
			i.picture.blendRowPairs(line(count), line(count), src, stride, weights)
			single := NewWindows(1, taps, []int{0, 1}, append(weights, weights...))
			i.picture.blend(single, line(2+WindowSlack), line(1+taps+WindowSlack))
			pairs := NewWindows(2, taps, []int{0, 1}, append(weights, weights...))
			i.picture.blendPairs(pairs, line(2+WindowSlack), line(2+WindowSlack), line(2*(1+taps)+WindowSlack))
			pixels := atPageEnd(t, make([]int8, 3*count), end)
			i.picture.convert(&Colours{}, pixels, line(count), line(count), line(count))
		}
	})
}
