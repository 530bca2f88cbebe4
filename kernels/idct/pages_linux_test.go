package idct

import (
	"math/rand/v2"
	"testing"

	"halfmeg/kernels/internal/isa"
	"halfmeg/kernels/internal/kerneltest"
)

// TestStaysInsideBuffers runs every kernel on buffers between pages that fault.
func TestStaysInsideBuffers(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, set := range isa.Available() {
		b := backendFor(set)
		for blocks := range 12 {
			end := blocks%2 == 0
			buffers := func(size, blocks int) (dst []byte, stride int, row []int16) {
				row, _ = randomRow(r, size, blocks)
				stride = blocks*size + blocks%3
				dst = make([]byte, (size-1)*stride+blocks*size)
				return kerneltest.GuardPages(t, dst, end), stride, kerneltest.GuardPages(t, row, end)
			}
			b.row8(buffers(8, 1+blocks))
			b.row4(buffers(4, 2+2*blocks))
		}
	}
}
