package sqz

import (
	"fmt"

	"halfmeg/model/sqz/internal/arith"
)

// textModel codes strings, bit by bit. Contexts (the last one, two and three
// bytes, and the word so far) each give an estimate of the next bit; a single
// artificial neuron weighs them in the logistic domain and learns from each
// bit which of them to trust (Mahoney, "Adaptive weighing of context models
// for lossless data compression", 2005). All of it in integers, so that every
// machine agrees. ImageNet's labels take 10 % less than with DEFLATE.
type textModel struct {
	slots   []slot
	factors [1 << symbolBits][textContexts]int32 // the neuron's, for each place in a symbol, in units of 2^-16
	history uint32                               // the last bytes of the string, the newest lowest; 0 before its start
	word    uint32                               // a hash of the letters since the last byte that is none
}

// slot is a place of the hash table of estimates. A context that finds
// another's check number takes the slot over.
type slot struct {
	estimate arith.Bit
	check    uint8
}

const (
	// A symbol is a byte, or 256 for the end of the string.
	symbolBits = 9
	endSymbol  = 1 << (symbolBits - 1)

	textContexts = 4
	slotBits     = 17
	textLimit    = 20       // how many bits an estimate remembers: text changes its ways
	firstFactor  = 26 << 10 // 0.4
	learning     = 30
)

func newTextModel() *textModel {
	m := &textModel{slots: make([]slot, 1<<slotBits)}
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
			c.fail(fmt.Errorf("names and labels are longer than %d bytes", MaxText))
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

// symbol codes a byte or the end of the string, highest bit first. The end
// has nothing behind its first bit.
func (m *textModel) symbol(c coder, symbol int) int {
	contexts := [textContexts]uint32{
		1 + m.history<<24,
		2 + m.history<<16,
		3 + m.history<<8,
		4 + m.word,
	}
	for i := range contexts {
		contexts[i] *= 0x9E3779B1
	}
	node := 1
	for i := symbolBits - 1; i >= 0; i-- {
		node = node<<1 | m.bit(c, &contexts, node, symbol>>i&1)
		if node == 1<<1|1 {
			return endSymbol
		}
	}
	return node - 1<<symbolBits
}

// bit codes the next bit of a symbol. node holds the bits before it, behind a leading 1.
func (m *textModel) bit(c coder, contexts *[textContexts]uint32, node, bit int) int {
	var estimates [textContexts]*arith.Bit
	var inputs [textContexts]int32
	factors := &m.factors[node]
	sum := int64(0)
	for i := range contexts {
		estimates[i] = m.estimate(contexts[i] + uint32(node))
		inputs[i] = stretch(estimates[i].P())
		sum += int64(inputs[i]) * int64(factors[i])
	}
	p := squash(int32(max(-maxStretch, min(maxStretch, sum>>16))))
	bit = c.bitP(uint32(p)<<(arith.Bits-16), bit)

	miss := int32(bit)<<16 - p
	for i := range contexts {
		factors[i] += int32(int64(inputs[i]) * int64(miss) * learning >> 20)
		estimates[i].Update(bit, textLimit)
	}
	return bit
}

// estimate finds the estimate that belongs to a context.
func (m *textModel) estimate(context uint32) *arith.Bit {
	h := context * 0x85EBCA6B
	h = (h ^ h>>15) * 0xC2B2AE35
	s := &m.slots[h>>(32-slotBits)]
	if check := uint8(h); s.check != check {
		*s = slot{check: check}
	}
	return &s.estimate
}
