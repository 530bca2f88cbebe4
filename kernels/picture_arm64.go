package kernels

import "unsafe"

// blendRowsNEON is BlendRows for n >= rowsAtOnce bytes of a first row, whose
// weight is what is left of one, and others with their weights.
//
//go:noescape
func blendRowsNEON(dst *uint16, src *byte, stride int, weights *uint16, others, n int)

// blendRowPairsNEON is BlendRowPairs for the same; n is even.
//
//go:noescape
func blendRowPairsNEON(even, odd *uint16, src *byte, stride int, weights *uint16, others, n int)

// blendNEON is Windows.Blend for whole groups of positions.
//
//go:noescape
func blendNEON(dst, line *uint16, offsets *int32, packed *uint16, chunks, groups int)

// blendPairsNEON is Windows.BlendPairs for whole groups of positions.
//
//go:noescape
func blendPairsNEON(even, odd, line *uint16, offsets *int32, packed *uint16, chunks, groups int)

// convertNEON is Colours.Convert for n >= pixelsAtOnce pixels.
//
//go:noescape
func convertNEON(c *Colours, dst *int8, y, a, b *uint16, n int)

// What the assembler takes at once. The last step of a longer row reaches
// back over what has been done, so that it is whole, too.
const (
	rowsAtOnce   = 32
	pixelsAtOnce = 8
)

var pictureNEON = pictureKernels{
	blendRows: func(dst []uint16, src []byte, stride int, weights []uint16) {
		if len(dst) < rowsAtOnce {
			blendRowsGeneric(dst, src, stride, weights)
			return
		}
		skip, weights := firstAndOthers(weights)
		blendRowsNEON(&dst[0], &src[skip*stride], stride, unsafe.SliceData(weights), len(weights), len(dst))
	},
	blendRowPairs: func(even, odd []uint16, src []byte, stride int, weights []uint16) {
		if 2*len(even) < rowsAtOnce {
			blendRowPairsGeneric(even, odd, src, stride, weights)
			return
		}
		skip, weights := firstAndOthers(weights)
		blendRowPairsNEON(&even[0], &odd[0], &src[skip*stride], stride, unsafe.SliceData(weights), len(weights), 2*len(even))
	},
	blend: func(w *Windows, dst, line []uint16) {
		_, _ = dst[len(w.offsets)-1], line[w.reach-1]
		blendNEON(&dst[0], &line[0], &w.offsets[0], &w.packed[0], w.chunks, len(w.offsets)/windowGroup)
	},
	blendPairs: func(w *Windows, even, odd, line []uint16) {
		_, _, _ = even[len(w.offsets)-1], odd[len(w.offsets)-1], line[w.reach-1]
		blendPairsNEON(&even[0], &odd[0], &line[0], &w.offsets[0], &w.packed[0], w.chunks, len(w.offsets)/windowGroup)
	},
	convert: func(c *Colours, dst []int8, y, a, b []uint16) {
		if len(y) < pixelsAtOnce {
			convertGeneric(c, dst, y, a, b)
			return
		}
		convertNEON(c, &dst[0], &y[0], &a[0], &b[0], len(y))
	},
}

// firstAndOthers finds the first row that has a weight and the weights of
// those behind it. Together with the first one's they are one.
func firstAndOthers(weights []uint16) (first int, others []uint16) {
	for weights[first] == 0 {
		first++
	}
	last := len(weights) - 1
	for weights[last] == 0 {
		last--
	}
	return first, weights[first+1 : last+1]
}
