package kernels

import "math"

// small is what the faster requantization needs, which serves where
// accumulators are small: they begin at the bits of 2^23 as a float32, so that
// a fused multiplication by m and addition of -2^23*m gives acc*m.
type small struct {
	bias   []int32   // [panel][16]
	offset []float32 // [panel][16]
}

func newSmall(bias []int32, multiplier []float32) *small {
	s := &small{make([]int32, len(bias)), make([]float32, len(bias))}
	for o, b := range bias {
		s.bias[o] = b + int32(math.Float32bits(1<<23))
		s.offset[o] = -(1 << 23) * multiplier[o]
	}
	return s
}

// accumulatorsAreSmall proves that no input makes an accumulator as large as
// 2^23, nor its product with the multiplier longer than 16 bits, with the 128
// that a code is stored less.
func accumulatorsAreSmall(c *foldedConv) bool {
	for o, b := range c.bias {
		bound := max(1, int64(b), -int64(b)) // the offset of a channel of zeros is finite too
		for _, w := range c.filter(o) {
			bound += 128 * max(int64(w), -int64(w))
		}
		if bound >= 1<<23 || float64(bound)*float64(c.Multiplier[o]) > 1<<15-256 {
			return false
		}
	}
	return true
}
