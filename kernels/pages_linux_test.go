package kernels

import (
	"math/rand/v2"
	"testing"

	"halfmeg/kernels/internal/kerneltest"
)

// TestStaysInsideMaps runs every kernel on maps between pages that fault.
func TestStaysInsideMaps(t *testing.T) {
	forEach(t, func(t *testing.T, b backend) {
		r := rand.New(rand.NewPCG(11, 12))
		for n := range 60 {
			end := n%2 == 0
			in, out := sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))]
			kernel := []int{1, 3, 7}[r.IntN(3)]
			stride := 1 + r.IntN(min(2, kernel))
			width, height := 1+r.IntN(9), 1+r.IntN(4)
			c, _ := randomConv(r, b, in, out, kernel, stride)
			src := randomMap(r, (height-1)*stride+kernel, (width-1)*stride+kernel, in)
			src.Data = kerneltest.GuardPages(t, src.Data, end)
			dst := randomMap(r, height, width, out)
			dst.Data = kerneltest.GuardPages(t, dst.Data, end)
			c.Block(dst, src, width, Span{0, height}, Span{0, out})
			if kernel == 1 && stride == 1 {
				c.Sums(make([]int64, out), src, width, height, Span{0, out})
			}
			size := 3 + r.IntN(6)
			src = randomMap(r, size, size, in)
			src.Data = kerneltest.GuardPages(t, src.Data, end)
			pooled := (size-3+r.IntN(2))/2 + 1
			dst = randomMap(r, pooled, pooled, in)
			dst.Data = kerneltest.GuardPages(t, dst.Data, end)
			b.maxPool(dst, src, PoolSpec{in, size, pooled}, Span{0, pooled})
		}
	})
}
