package sqz

import (
	"fmt"
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
