package sqz

import (
	"math"
	"math/bits"

	"halfmeg/model/sqz/internal/arith"
)

// parameterModel codes the biases and multipliers of one convolution after
// the other. A quantizer saves bytes if it leaves the low bits of a layer's
// biases and multipliers zero.
type parameterModel struct {
	biases      numberModel
	multipliers numberModel
	centre      int64 // what a multiplier's bit pattern plus the filter's level was lately, on average
}

// codeBiases codes count int32 as multiples of the largest power of two that
// divides them all.
func (m *parameterModel) codeBiases(c coder, v []int32, count int) []int32 {
	var all uint32
	for _, b := range v {
		all |= uint32(b)
	}
	shift := codeShift(c, all)
	return series(c, v, count, func(_ int, b int32) int32 { return m.biases.signed(c, b>>shift) << shift })
}

// codeMultipliers codes a positive float32 for each filter, as multiples of
// the largest power of two that divides their bit patterns, which are nearly
// logarithms. A filter of large weights has a small multiplier as a rule, for
// real weights are of one size. So totals, the sums of the filters'
// magnitudes, may tell what to expect; a flag says whether they do.
func (m *parameterModel) codeMultipliers(c coder, v []float32, totals []int) []float32 {
	related := uint32(0)
	if m.cost(v, totals) < m.cost(v, make([]int, len(totals))) {
		related = 1
	}
	if c.raw(related, 1) == 0 {
		totals = make([]int, len(totals))
	}
	return m.multipliersOf(c, v, totals)
}

// cost is the number of bytes that multipliers take.
func (m *parameterModel) cost(v []float32, totals []int) int {
	if len(v) == 0 {
		return 0 // they are read
	}
	again, w := *m, &writer{e: arith.NewEncoder(nil)}
	again.multipliersOf(w, v, totals)
	return len(w.e.Finish())
}

// multipliersOf codes each multiplier by how much it is off the one that
// makes the average with the level, the logarithm of the filter's total.
func (m *parameterModel) multipliersOf(c coder, v []float32, totals []int) []float32 {
	var all uint32
	for _, f := range v {
		all |= math.Float32bits(f)
	}
	shift := codeShift(c, all)
	return series(c, v, len(totals), func(filter int, f float32) float32 {
		level := logarithm(uint32(totals[filter] + 1))
		expected := int32((m.centre - level) >> shift)
		off := m.multipliers.signed(c, int32(math.Float32bits(f)>>shift)-expected)
		pattern := uint32(expected+off) << shift
		m.centre += (int64(pattern) + level - m.centre) >> min(filter, 3)
		return math.Float32frombits(pattern)
	})
}

// logarithm is the base 2 logarithm of v > 0 in units of 2^-23, by straight
// lines between powers of two, as a float32's bit pattern has it.
func logarithm(v uint32) int64 {
	n := bits.Len32(v) - 1
	return int64(n)<<23 + int64(uint64(v)<<23>>n) - 1<<23
}

// codeShift codes the number of zeros at the end of all, at most 31.
func codeShift(c coder, all uint32) int {
	return int(c.raw(uint32(min(bits.TrailingZeros32(all), 31)), 5))
}
