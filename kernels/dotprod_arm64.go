package kernels

// The dotprod version is for cores with SDOT, from the Cortex-A76 of the
// Raspberry Pi 5 on. Its weights are packed by fours of k,
// [panel][depth/4][16][4], filled up with zeros.
var dotprod = tiling{pixels: 4, channels: 16, chunk: 4}

// tile4x16Dotprod writes the codes of the tile's pixels.
//
//go:noescape
func tile4x16Dotprod(t *tile)

// tile4x16SmallDotprod is the same, faster, for small accumulators.
//
//go:noescape
func tile4x16SmallDotprod(t *tile)

// sums4x16Dotprod adds the tile's accumulators to the sums of the head.
//
//go:noescape
func sums4x16Dotprod(t *tile)

func packDotprod(c foldedConv) packedConv {
	p := newTiled(c, dotprod)
	if p == nil {
		return convGeneric{c}
	}
	p.packed = make([]int8, len(p.bias)*p.depth)
	for o := range c.Out {
		panel := p.packed[p.panel(o)*p.depth*p.channels:]
		for k, w := range c.filter(o) {
			panel[(k/4*p.channels+o%p.channels)*4+k%4] = w
		}
	}
	p.Weights = nil
	return p
}
