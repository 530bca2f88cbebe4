package idct

const (
	// FractionBits is the number of fraction bits of a coefficient.
	FractionBits = 1

	// MaxSum is the largest sum of a block's absolute coefficients: 32767 divided by
	// the largest factor of a coefficient, √2·√2·cos(π/16), less the rounding errors.
	MaxSum = 16600

	outputShift = FractionBits + 3 // the formula divides by 8
)

// Constants of the transforms, with 15 fraction bits. Of those above 1 the fraction is
// stored.
const (
	sqrt2 = 13573 // √2 - 1
	cos1  = 32138 // cos(π/16)
	sin1  = 6393  // sin(π/16)
	cos3  = 27246 // cos(3π/16)
	sin3  = 18205 // sin(3π/16)
	cos2  = 10045 // √2·cos(π/8) - 1
	sin2  = 17734 // √2·sin(π/8)
)

const (
	productShift = 15
	productRound = 1 << (productShift - 1)
	outputRound  = 1 << (outputShift - 1)
	levelShift   = 128 // the sample of a block without coefficients (ITU-T T.81, A.3.1)
	pairRow      = 8   // int16 of a row of two blocks of 4x4
)

// Index returns where Row expects the coefficient with the horizontal frequency u
// and the vertical frequency v, counted from the block's Offset. Columns of
// coefficients are contiguous, and pairs of blocks of size 4 alternate, so that
// vectors of eight can be loaded.
func Index(size, u, v int) int {
	if size == 4 {
		return u*pairRow + v
	}
	return u*size + v
}

// Offset returns where a block of a row starts in the coefficients.
func Offset(size, block int) int {
	if size == 4 {
		return block/2*(2*4*4) + block%2*4
	}
	return block * size * size
}

// Row transforms a row of blocks of size 8, 4, 2 or 1 to samples, and clears the
// coefficients. Block i covers columns i*size to (i+1)*size-1 of dst, whose rows are
// stride bytes apart. The number of blocks follows from the number of coefficients;
// for size 4 it must be even.
func Row(dst []byte, stride, size int, coefficients []int16) {
	blocks := len(coefficients) / (size * size)
	if blocks == 0 {
		return
	}
	_ = dst[(size-1)*stride+blocks*size-1]
	switch size {
	case 8:
		active.row8(dst, stride, coefficients)
	case 4:
		active.row4(dst, stride, coefficients[:blocks/2*32])
	case 2:
		row2(dst, stride, coefficients)
	default:
		row1(dst, coefficients)
	}
}
