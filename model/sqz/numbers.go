package sqz

import (
	"fmt"
	"math"
	"math/bits"

	"halfmeg/model/sqz/internal/arith"
)

// numberModel codes unsigned numbers of up to 32 bits in the manner of an
// Exp-Golomb code whose leading bits adapt: first the number's length in
// bits, then what follows its leading 1, of which the first headBits have
// adaptive estimates too and the rest are raw.
type numberModel struct {
	length [64]arith.Bit
	head   [33][1 << headBits]arith.Bit
}

const headBits = 3

func (m *numberModel) number(c coder, v uint32) uint32 {
	length := codeTree(c, m.length[:], bits.Len32(v), 6)
	if length > 32 {
		c.fail(fmt.Errorf("a number of %d bits", length))
		return 0
	}
	if length < 2 {
		return uint32(length)
	}
	rest := length - 1
	n := min(rest, headBits)
	head := codeTree(c, m.head[length][:], int(v>>(rest-n))&(1<<n-1), n)
	rest -= n
	return (1<<n|uint32(head))<<rest | c.raw(v&(1<<rest-1), rest)
}

// signed codes 0, -1, 1, -2, 2, … as the numbers 0, 1, 2, 3, 4, …
func (m *numberModel) signed(c coder, v int32) int32 {
	u := m.number(c, uint32(v)<<1^uint32(v>>31))
	return int32(u>>1) ^ -int32(u&1)
}

// codeTree codes the n bits of v, highest first, each with the estimate that
// belongs to the bits before it. The tree has 1<<n estimates.
func codeTree(c coder, tree []arith.Bit, v, n int) int {
	node := 1
	for i := n - 1; i >= 0; i-- {
		node = node<<1 | c.bit(&tree[node], v>>i&1)
	}
	return node - 1<<n
}

// biases codes count int32 as multiples of the largest power of two that
// divides them all: a quantizer may choose them round.
func biases(c coder, v []int32, count int) []int32 {
	var all uint32
	for _, b := range v {
		all |= uint32(b)
	}
	shift := codeShift(c, all)
	var m numberModel
	return series(c, v, count, func(b int32) int32 { return m.signed(c, b>>shift) << shift })
}

// multipliers codes count positive float32, whose bit patterns rise with
// their values, by how far each pattern is above the least one, as multiples
// of the largest power of two that divides these distances.
func multipliers(c coder, v []float32, count int) []float32 {
	least := uint32(math.MaxUint32)
	for _, f := range v {
		least = min(least, math.Float32bits(f))
	}
	least = c.raw(least, 32)
	var all uint32
	for _, f := range v {
		all |= math.Float32bits(f) - least
	}
	shift := codeShift(c, all)
	var m numberModel
	return series(c, v, count, func(f float32) float32 {
		return math.Float32frombits(least + m.number(c, (math.Float32bits(f)-least)>>shift)<<shift)
	})
}

// codeShift codes the number of zeros at the end of all, at most 31.
func codeShift(c coder, all uint32) int {
	return int(c.raw(uint32(min(bits.TrailingZeros32(all), 31)), 5))
}
