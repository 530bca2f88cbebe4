package sqz

import (
	"fmt"
	"math/bits"

	"halfmeg/model"
	"halfmeg/model/sqz/internal/arith"
)

// coder is one direction of the format. A writer encodes the value it is given
// and returns it; a reader ignores its argument and returns the decoded value.
// So each part of the format is written once, for both directions.
type coder interface {
	// counted codes a bit with p, an adaptive probability, and updates p.
	counted(p *arith.CountedProb, bit int) int
	// bit codes a bit that is 1 with probability p/2^arith.ProbBits.
	bit(p uint32, bit int) int
	// raw codes the lowest n bits of v.
	raw(v uint32, n int) uint32
	// weights codes the weights of a convolution. They have a loop for each
	// direction, as interface calls would be too slow.
	weights(m *weightModel, s model.Step, w []int8) []int8
	// pos returns the number of bytes coded so far.
	pos() int
	// fail records an error, if it is the first.
	fail(err error)
	// err returns the first error. Values decoded after it are meaningless,
	// and a loop that allocates must end.
	err() error
}

// series codes count values. It stops at the first error, so the memory it
// allocates is bounded by the bytes of the file.
func series[T any](c coder, v []T, count int, code func(int, T) T) []T {
	var out []T
	for i := range count {
		var x T
		if i < len(v) {
			x = v[i]
		}
		x = code(i, x)
		if c.err() != nil {
			return nil
		}
		out = append(out, x)
	}
	return out
}

// codeTree codes the n bits of v, highest first. The context of a bit is given
// by the bits before it. The tree has 1<<n contexts.
func codeTree(c coder, tree []arith.CountedProb, v, n int) int {
	node := 1
	for i := n - 1; i >= 0; i-- {
		node = node<<1 | c.counted(&tree[node], v>>i&1)
	}
	return node - 1<<n
}

// numberModel codes integers of up to 32 bits as an adaptive Exp-Golomb code:
// the bit length, then the bits after the leading 1. The first headBits of
// them have contexts, the rest is raw.
type numberModel struct {
	length [64]arith.CountedProb
	head   [33][1 << headBits]arith.CountedProb // by length
}

const headBits = 3

func (m *numberModel) unsigned(c coder, v uint32) uint32 {
	length := codeTree(c, m.length[:], bits.Len32(v), 6)
	if length > 32 {
		c.fail(fmt.Errorf("a number of %d bits, at most 32 are supported", length))
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

// signed codes 0, -1, 1, -2, 2, … as 0, 1, 2, 3, 4, … (zigzag).
func (m *numberModel) signed(c coder, v int32) int32 {
	u := m.unsigned(c, uint32(v)<<1^uint32(v>>31))
	return int32(u>>1) ^ -int32(u&1)
}
