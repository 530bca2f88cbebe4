package resample

// generic is the reference. Every other backend must return the same bits.
var generic = backend{
	vertical:      verticalGeneric,
	verticalPairs: verticalPairsGeneric,
	filter:        filterGeneric,
	filterPairs:   filterPairsGeneric,
	convert:       convertGeneric,
}

// sumsBlock is how many columns the vertical pass accumulates at a time: their
// sums stay on the stack. A power of two, so that masking an index replaces
// its bounds check.
const sumsBlock = 128

func verticalGeneric(dst []uint16, src []byte, stride int, taps []uint16) {
	for len(dst) > 0 {
		n := min(sumsBlock, len(dst))
		sums := sumRows(src, stride, taps, n)
		for i := range n {
			dst[i] = roundVertical(sums[i])
		}
		dst, src = dst[n:], src[n:]
	}
}

func verticalPairsGeneric(even, odd []uint16, src []byte, stride int, taps []uint16) {
	for len(even) > 0 {
		n := min(sumsBlock/2, len(even))
		sums := sumRows(src, stride, taps, 2*n)
		for i := range n {
			even[i], odd[i] = roundVertical(sums[2*i]), roundVertical(sums[2*i+1])
		}
		even, odd, src = even[n:], odd[n:], src[2*n:]
	}
}

// sumRows accumulates the first n columns.
func sumRows(src []byte, stride int, taps []uint16, n int) (sums [sumsBlock]uint32) {
	for t, tap := range taps {
		for i, v := range src[t*stride:][:n:n] {
			sums[i&(sumsBlock-1)] += uint32(tap) * uint32(v)
		}
	}
	return sums
}

func roundVertical(sum uint32) uint16 {
	return uint16((sum + 1<<(verticalShift-1)) >> verticalShift)
}

func filterGeneric(f *Filter, dst, line []uint16) {
	for x := range len(f.taps) / f.window {
		window := line[f.offsets[x]/2:][:f.window]
		var sum uint32
		for t, tap := range f.taps[x*f.window:][:len(window)] {
			sum += uint32(tap) * uint32(window[t])
		}
		dst[x] = roundHorizontal(sum)
	}
}

func filterPairsGeneric(f *Filter, even, odd, line []uint16) {
	for x := range len(f.taps) / f.window {
		window := line[f.offsets[x]/2:][:2*f.window]
		var a, b uint32
		for t, tap := range f.taps[x*f.window:][:f.window] {
			a += uint32(tap) * uint32(window[2*t])
			b += uint32(tap) * uint32(window[2*t+1])
		}
		even[x], odd[x] = roundHorizontal(a), roundHorizontal(b)
	}
}

func roundHorizontal(sum uint32) uint16 {
	return uint16((sum + 1<<(horizontalShift-1)) >> horizontalShift)
}

func convertGeneric(m *Matrix, dst []int8, y, a, b []uint16) {
	for i := range y {
		luma := Product(m.Y, y[i])
		pixel := dst[3*i : 3*i+3]
		pixel[0] = roundSum(luma + Product(m.A[0], a[i]) + m.Bias[0])
		pixel[1] = roundSum(luma + Product(m.A[1], a[i]) + Product(m.B[0], b[i]) + m.Bias[1])
		pixel[2] = roundSum(luma + Product(m.B[1], b[i]) + m.Bias[2])
	}
}

func roundSum(sum int16) int8 {
	return int8(min(max((int32(sum)+1<<(SumBits-1))>>SumBits, -128), 127))
}
