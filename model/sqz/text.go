package sqz

import (
	"fmt"
	"math/bits"

	"halfmeg/model/sqz/internal/arith"
)

// textModel codes strings, bit by bit. Contexts (the last byte, the last two
// and the word so far) each give an estimate of the next bit; a single
// artificial neuron weighs them in the logistic domain and learns from each
// bit which of them to trust (Mahoney, "Adaptive weighing of context models
// for lossless data compression", 2005). All of it in integers, so that every
// machine agrees. ImageNet's labels take 10 % less than with DEFLATE.
type textModel struct {
	estimates [1 << tableBits]arith.Bit    // of all contexts: each has its own base in the table, by chance
	factors   [maxNode][textContexts]int32 // the neuron's, for each place in a symbol's code, in units of 2^-16
	history   uint32                       // the last bytes of the string, the newest lowest; 0 before its start
	word      uint32                       // a hash of the letters since the last byte that is none
}

const (
	textContexts = 3
	tableBits    = 19
	textLimit    = 12       // how many bits an estimate remembers: text changes its ways
	firstFactor  = 32 << 10 // 1/2
	learning     = 30
)

func newTextModel() *textModel {
	m := new(textModel)
	for i := range m.factors {
		for j := range m.factors[i] {
			m.factors[i][j] = firstFactor
		}
	}
	return m
}

// text codes one string of at most limit bytes.
func (m *textModel) text(c coder, s string, limit int) string {
	m.history, m.word = 0, 0
	var out []byte
	for {
		symbol := endSymbol
		if len(out) < len(s) {
			symbol = int(s[len(out)])
		}
		symbol = m.symbol(c, symbol)
		if symbol == endSymbol || c.err() != nil {
			return string(out)
		}
		if len(out) == limit {
			c.fail(fmt.Errorf("names and labels are longer than %d bytes", maxText))
			return ""
		}
		out = append(out, byte(symbol))
		m.see(byte(symbol))
	}
}

// see makes a byte part of the contexts of the next one.
func (m *textModel) see(b byte) {
	m.history = m.history<<8 | uint32(b)
	if letter := b | 0x20; letter >= 'a' && letter <= 'z' {
		m.word = (m.word + uint32(letter)) * 0x2F0B4C47
	} else {
		m.word = 0
	}
}

// symbol codes a byte or the end of the string by the bits of its code.
func (m *textModel) symbol(c coder, symbol int) int {
	bases := [textContexts]uint32{1 + m.history<<24, 2 + m.history<<16, 3 + m.word}
	for i, b := range bases {
		b *= 0x9E3779B1
		bases[i] = (b ^ b>>15) * 0x85EBCA6B >> (32 - tableBits)
	}
	code := codes[symbol]
	next := bits.Len(uint(code)) - 1
	node := 1
	for node < maxNode && leaves[node] == 0 {
		next--
		node = node<<1 | m.bit(c, &bases, node, code>>(next&15)&1)
	}
	return int(leaves[node]) - 1
}

// bit codes the next bit of a symbol's code. node holds the bits before it, behind a leading 1.
func (m *textModel) bit(c coder, bases *[textContexts]uint32, node, bit int) int {
	factors := &m.factors[node]
	e0, e1, e2 := m.estimate(bases[0], node), m.estimate(bases[1], node), m.estimate(bases[2], node)
	s0, s1, s2 := int64(stretch(e0.P())), int64(stretch(e1.P())), int64(stretch(e2.P()))
	sum := s0*int64(factors[0]) + s1*int64(factors[1]) + s2*int64(factors[2])
	p := squash(int32(max(-maxStretch, min(maxStretch, sum>>16))))
	bit = c.bitP(uint32(p)<<(arith.Bits-16), bit)

	miss := int64(int32(bit)<<16-p) * learning
	factors[0] += int32(s0 * miss >> 20)
	factors[1] += int32(s1 * miss >> 20)
	factors[2] += int32(s2 * miss >> 20)
	e0.Adapt(bit != 0, textLimit)
	e1.Adapt(bit != 0, textLimit)
	e2.Adapt(bit != 0, textLimit)
	return bit
}

// estimate is that of a context at a node. Contexts that share a place in the
// table by chance do little harm.
func (m *textModel) estimate(base uint32, node int) *arith.Bit {
	return &m.estimates[(base+uint32(node))%(1<<tableBits)]
}
