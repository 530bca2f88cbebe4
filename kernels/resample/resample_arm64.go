//go:build !noasm

package resample

import (
	"unsafe"

	"halfmeg/kernels/internal/isa"
)

// backendFor returns the kernels for an instruction set. SDOT does not help
// here, so dotprod uses the NEON kernels too.
func backendFor(s isa.Set) backend {
	if s == isa.Generic {
		return generic
	}
	return neon
}

// verticalNEON is Vertical for n >= minBytes columns. taps holds all taps but
// the first row's, which is 1 minus their sum.
//
//go:noescape
func verticalNEON(dst *uint16, src *byte, stride int, taps *uint16, others, n int)

// verticalPairsNEON is VerticalPairs for n >= minBytes columns; n is even.
//
//go:noescape
func verticalPairsNEON(even, odd *uint16, src *byte, stride int, taps *uint16, others, n int)

// filterNEON is Filter.Apply for whole groups of positions.
//
//go:noescape
func filterNEON(dst, line *uint16, offsets *int32, packed *uint16, chunks, groups int)

// filterPairsNEON is Filter.ApplyPairs for whole groups of positions.
//
//go:noescape
func filterPairsNEON(even, odd, line *uint16, offsets *int32, packed *uint16, chunks, groups int)

// convertNEON is Matrix.Convert for n >= minPixels pixels.
//
//go:noescape
func convertNEON(m *Matrix, dst *int8, y, a, b *uint16, n int)

// Bytes and pixels per iteration of the assembly. The last iteration of a longer row
// overlaps the one before it.
const (
	minBytes  = 32
	minPixels = 8
)

var neon = backend{
	vertical: func(dst []uint16, src []byte, stride int, taps []uint16) {
		if len(dst) < minBytes {
			verticalGeneric(dst, src, stride, taps)
			return
		}
		first, others := splitTaps(taps)
		verticalNEON(&dst[0], &src[first*stride], stride, unsafe.SliceData(others), len(others), len(dst))
	},
	verticalPairs: func(even, odd []uint16, src []byte, stride int, taps []uint16) {
		if 2*len(even) < minBytes {
			verticalPairsGeneric(even, odd, src, stride, taps)
			return
		}
		first, others := splitTaps(taps)
		verticalPairsNEON(&even[0], &odd[0], &src[first*stride], stride, unsafe.SliceData(others), len(others), 2*len(even))
	},
	filter: func(f *Filter, dst, line []uint16) {
		_, _ = dst[len(f.offsets)-1], line[f.reach-1]
		filterNEON(&dst[0], &line[0], &f.offsets[0], &f.packed[0], f.chunks, len(f.offsets)/groupSize)
	},
	filterPairs: func(f *Filter, even, odd, line []uint16) {
		_, _, _ = even[len(f.offsets)-1], odd[len(f.offsets)-1], line[f.reach-1]
		filterPairsNEON(&even[0], &odd[0], &line[0], &f.offsets[0], &f.packed[0], f.chunks, len(f.offsets)/groupSize)
	},
	convert: func(m *Matrix, dst []int8, y, a, b []uint16) {
		if len(y) < minPixels {
			convertGeneric(m, dst, y, a, b)
			return
		}
		convertNEON(m, &dst[0], &y[0], &a[0], &b[0], len(y))
	},
}

// splitTaps returns the first row with a tap other than zero, and the taps of
// the rows after it up to the last such row.
func splitTaps(taps []uint16) (first int, others []uint16) {
	for taps[first] == 0 {
		first++
	}
	last := len(taps) - 1
	for taps[last] == 0 {
		last--
	}
	return first, taps[first+1 : last+1]
}
