package sqz

import (
	"math"
	"math/bits"

	"halfmeg/model/sqz/internal/arith"
)

// parameterModel codes the biases and multipliers of each convolution. Both
// are multiples of a power of two per layer: a quantizer saves bytes by clearing
// their low bits.
type parameterModel struct {
	biases      numberModel
	multipliers numberModel
	mean        int64 // running average of a multiplier's bit pattern plus log2 of its filter sum
}

// codeBiases codes count biases as multiples of the largest power of two that
// divides them all.
func (m *parameterModel) codeBiases(c coder, v []int32, count int) []int32 {
	var all uint32
	for _, b := range v {
		all |= uint32(b)
	}
	shift := codeShift(c, all)
	return series(c, v, count, func(_ int, b int32) int32 { return m.biases.signed(c, b>>shift) << shift })
}

// codeMultipliers codes a positive float32 per filter. The bit patterns of
// floats are nearly their logarithms. Real weights have a similar scale in all
// filters, so a filter with large int8 weights tends to have a small
// multiplier: filterSums, the sums of |w|, can predict it. A flag says whether
// they do.
func (m *parameterModel) codeMultipliers(c coder, v []float32, filterSums []int) []float32 {
	zeros := make([]int, len(filterSums))
	predict := uint32(0)
	if m.multiplierBytes(v, filterSums) < m.multiplierBytes(v, zeros) {
		predict = 1
	}
	if c.raw(predict, 1) == 0 {
		filterSums = zeros
	}
	return m.codeResiduals(c, v, filterSums)
}

// multiplierBytes returns the size of encoded multipliers; 0 when reading, where
// v is still empty.
func (m *parameterModel) multiplierBytes(v []float32, filterSums []int) int {
	if len(v) == 0 {
		return 0
	}
	trial, w := *m, &writer{e: arith.NewEncoder(nil)}
	trial.codeResiduals(w, v, filterSums)
	return len(w.e.Finish())
}

// codeResiduals codes the bit pattern of each multiplier as the difference from
// its prediction: the running average less the logarithm of the filter sum.
func (m *parameterModel) codeResiduals(c coder, v []float32, filterSums []int) []float32 {
	var all uint32
	for _, f := range v {
		all |= math.Float32bits(f)
	}
	shift := codeShift(c, all)
	return series(c, v, len(filterSums), func(filter int, f float32) float32 {
		log := log2(uint32(filterSums[filter] + 1))
		predicted := int32((m.mean - log) >> shift)
		residual := m.multipliers.signed(c, int32(math.Float32bits(f)>>shift)-predicted)
		pattern := uint32(predicted+residual) << shift
		m.mean += (int64(pattern) + log - m.mean) >> min(filter, 3)
		return math.Float32frombits(pattern)
	})
}

// log2 returns the logarithm of v > 0 to base 2 in units of 2^-23, interpolated
// linearly between powers of two as in the bit pattern of a float32.
func log2(v uint32) int64 {
	n := bits.Len32(v) - 1
	return int64(n)<<23 + int64(uint64(v)<<23>>n) - 1<<23
}

// codeShift codes the number of trailing zeros of all, at most 31.
func codeShift(c coder, all uint32) int {
	return int(c.raw(uint32(min(bits.TrailingZeros32(all), 31)), 5))
}
