//go:build !noasm

package kernels

// dotprod is the tiling for cores with SDOT, such as the Cortex-A76 of the
// Raspberry Pi 5.
var dotprod = tiling{pixels: 4, channels: 16, chunk: 4}

// dotprodConv is a convolution packed for SDOT, by four k:
// [panel][packedDepth/4][16][4], padded with zeros.
type dotprodConv struct{ tiledConv }

func packDotprod(c foldedConv) packedConv {
	shared, ok := newTiled(c, dotprod)
	if !ok {
		return packGeneric(c)
	}
	p := &dotprodConv{shared}
	p.packed = make([]int8, len(p.bias)*p.packedDepth)
	p.packFilters()
	p.Weights = nil
	return p
}

func (c *dotprodConv) name() string { return c.nameFor("dotprod") }

func (c *dotprodConv) block(dst, src Map, width int, rows, channels Span) {
	c.computeBlock(c, dst, src, width, rows, channels)
}

func (c *dotprodConv) sums(sums []int64, src Map, width, height int, channels Span) {
	c.computeSums(c, sums, src, width, height, channels)
}

func (c *dotprodConv) callCodes(t *tileArgs) {
	if c.mantissa != nil {
		tile4x16MantissaDotprod(t)
	} else {
		tile4x16Dotprod(t)
	}
}

// tile4x16Dotprod writes the codes of the given tiles.
//
//go:noescape
func tile4x16Dotprod(t *tileArgs)

// tile4x16MantissaDotprod does the same for accumulators that fit a mantissa.
//
//go:noescape
func tile4x16MantissaDotprod(t *tileArgs)

// sums4x16Dotprod adds max(accumulator, 0) of the given tiles to the sums
// of the head.
//
//go:noescape
func sums4x16Dotprod(t *tileArgs)
