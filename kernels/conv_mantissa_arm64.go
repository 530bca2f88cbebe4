//go:build !noasm

package kernels

import "math"

// mantissaRequant holds the tables of a faster requantization, for
// accumulators that fit the mantissa of a float32. The accumulator starts at
// the bits of the float32 2^23: read as a float32 it then is 2^23 + acc, without
// any conversion, and one fused multiply-add with m and -2^23*m returns acc*m.
type mantissaRequant struct {
	bias   []int32   // [panel][channels]: the bits of 2^23, plus the bias
	offset []float32 // [panel][channels]: -2^23*m
}

func newMantissaRequant(bias []int32, multiplier []float32) *mantissaRequant {
	s := &mantissaRequant{make([]int32, len(bias)), make([]float32, len(bias))}
	for o, b := range bias {
		s.bias[o] = b + int32(math.Float32bits(1<<23))
		s.offset[o] = -(1 << 23) * multiplier[o]
	}
	return s
}

// fitsMantissa reports whether no input makes an accumulator reach 2^23, nor
// its product with the multiplier exceed an int16, less 256 for the rounding
// constant of the assembly, which subtracts 128.
func fitsMantissa(c *foldedConv) bool {
	for o, b := range c.bias {
		bound := max(1, int64(b), -int64(b)) // at least 1: the offset of an all-zero channel must be finite too
		for _, w := range c.filter(o) {
			bound += 128 * max(int64(w), -int64(w))
		}
		if bound >= 1<<23 || float64(bound)*float64(c.Multiplier[o]) > 1<<15-256 {
			return false
		}
	}
	return true
}
