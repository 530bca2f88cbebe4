//go:build linux && !noasm

package kernels

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/kernels/internal/kerneltest"
)

// TestStaysInsideTables: reading ahead stays inside the tables of weights, runs
// and requantization, which end here before pages that fault.
func TestStaysInsideTables(t *testing.T) {
	forEach(t, func(t *testing.T, b backend) {
		r := rand.New(rand.NewPCG(31, 32))
		for range 40 {
			in, out := sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))]
			kernel, width, height := 1+2*r.IntN(2), 1+r.IntN(9), 1+r.IntN(4)
			c, plain := randomConv(r, b, in, out, kernel, 1)
			switch p := c.packed.(type) {
			case *neonConv:
				p.guardTables(t)
				p.runs = kerneltest.GuardPages(t, p.runs, true)
			case *dotprodConv:
				p.guardTables(t)
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

func (c *tiledConv) guardTables(t *testing.T) {
	c.packed = kerneltest.GuardPages(t, c.packed, true)
	c.bias = kerneltest.GuardPages(t, c.bias, true)
	c.multiplier = kerneltest.GuardPages(t, c.multiplier, true)
	if c.mantissa != nil {
		c.mantissa.bias = kerneltest.GuardPages(t, c.mantissa.bias, true)
		c.mantissa.offset = kerneltest.GuardPages(t, c.mantissa.offset, true)
	}
}
