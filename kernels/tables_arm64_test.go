//go:build linux

package kernels

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/kernels/internal/kerneltest"
)

// TestNothingBeyondTables: what the assembler reads ahead of weights, runs and
// requantization stays in the tables that were made for it, which end here at
// pages that fault.
func TestNothingBeyondTables(t *testing.T) {
	forEach(t, func(t *testing.T, i implementation) {
		r := rand.New(rand.NewPCG(31, 32))
		for range 40 {
			in, out := sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))]
			kernel, width, height := 1+2*r.IntN(2), 1+r.IntN(9), 1+r.IntN(4)
			c, plain := randomConv(r, i, in, out, kernel, 1)
			if p, ok := c.packed.(*convTiled); ok {
				p.toPageEnds(t)
			}
			src := randomMap(r, height+kernel-1, width+kernel-1, in)
			want, got := randomMap(r, height, width, out), randomMap(r, height, width, out)
			plain.Block(want, src, width, Span{0, height}, Span{0, out})
			c.Block(got, src, width, Span{0, height}, Span{0, out})
			require.Equal(t, want.Data, got.Data)
			if kernel == 1 {
				c.Sums(make([]int64, out), src, width, height, Span{0, out})
			}
		}
	})
}

func (c *convTiled) toPageEnds(t *testing.T) {
	c.packed = kerneltest.GuardPages(t, c.packed, true)
	c.bias = kerneltest.GuardPages(t, c.bias, true)
	c.multiplier = kerneltest.GuardPages(t, c.multiplier, true)
	if c.runs != nil {
		c.runs = kerneltest.GuardPages(t, c.runs, true)
	}
	if c.small != nil {
		c.small.bias = kerneltest.GuardPages(t, c.small.bias, true)
		c.small.offset = kerneltest.GuardPages(t, c.small.offset, true)
	}
}
