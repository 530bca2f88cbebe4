package sqz

import (
	"fmt"
	"math/bits"
	"slices"

	"halfmeg/model"
	"halfmeg/model/sqz/internal/arith"
)

// weightModel codes the weights of one convolution after the other. It is
// all that the rest of the format knows of how weights are coded.
//
// A scan says what to expect of each weight and so chooses the cell of
// adaptive estimates for these decisions: is the weight zero; has it the
// unexpected sign; how many bits has its magnitude, in unary; what are the
// two bits behind the magnitude's leading 1. Bits behind these are raw.
// Estimates live on from layer to layer.
type weightModel struct {
	cells [levels * levels]cell
}

// cell holds the estimates for one pair of an expected value and an expected magnitude.
type cell struct {
	nonzero    arith.Bit
	unexpected arith.Bit
	size       [2]size // [1] if the sign is the unexpected one
}

// size holds the estimates for the magnitude of a weight that is not zero.
type size struct {
	longer [maxBits - 1]arith.Bit // [n]: has it more than n+1 bits?
	head   [maxBits][4]arith.Bit  // [n]: tree of the two bits behind the leading 1 of n+1 bits
}

// maxBits is the length of model.MaxWeight in bits.
const maxBits = 7

// encode codes the weights of a convolution, none of which is -128.
func (m *weightModel) encode(e *arith.Encoder, s model.Step, weights []int8) {
	by := fit(s, weights)
	codePredictor(&writer{e: e}, s.Kernel, &by)
	sc := newScan(s, by)
	for filter := range slices.Chunk(weights, s.Weights()/s.Out) {
		for k := range s.Kernel * s.Kernel {
			run := sc.run(filter, k)
			for i, x := range sc.expect(filter, k) {
				m.cells[x.cell()].encode(e, int(run[i]), x.negative())
			}
			sc.learn(run, k)
		}
	}
}

// decode is the inverse of encode. The memory it takes grows with what the
// stream has delivered.
func (m *weightModel) decode(d *arith.Decoder, s model.Step) ([]int8, error) {
	var by predictor
	c := &reader{d: d}
	codePredictor(c, s.Kernel, &by)
	if err := c.err(); err != nil {
		return nil, err
	}
	sc := newScan(s, by)
	filter := make([]int8, s.Weights()/s.Out)
	weights := make([]int8, 0, min(s.Weights(), 1<<20))
	for range s.Out {
		for k := range s.Kernel * s.Kernel {
			run := sc.run(filter, k)
			for i, x := range sc.expect(filter, k) {
				run[i] = m.cells[x.cell()].decode(d, x.negative())
			}
			sc.learn(run, k)
		}
		if err := d.Err(); err != nil {
			return nil, err
		}
		weights = append(weights, filter...)
	}
	return weights, nil
}

func (c *cell) encode(e *arith.Encoder, w int, negative bool) {
	if w == 0 {
		e.Bit(&c.nonzero, 0)
		return
	}
	e.Bit(&c.nonzero, 1)
	unexpected := 0
	if w < 0 != negative {
		unexpected = 1
	}
	e.Bit(&c.unexpected, unexpected)
	c.size[unexpected].encode(e, max(w, -w))
}

func (c *cell) decode(d *arith.Decoder, negative bool) int8 {
	if d.Bit(&c.nonzero) == 0 {
		return 0
	}
	unexpected := d.Bit(&c.unexpected)
	w := c.size[unexpected].decode(d)
	if negative != (unexpected == 1) {
		w = -w
	}
	return int8(w)
}

func (s *size) encode(e *arith.Encoder, magnitude int) {
	n := bits.Len(uint(magnitude)) - 1
	for i := range n {
		e.Bit(&s.longer[i], 1)
	}
	if n < maxBits-1 {
		e.Bit(&s.longer[n], 0)
	}
	node := 1
	for i := range n {
		bit := magnitude >> (n - 1 - i) & 1
		if i < 2 {
			e.Bit(&s.head[n][node], bit)
			node = node<<1 | bit
		} else {
			e.Raw(uint32(bit), 1)
		}
	}
}

func (s *size) decode(d *arith.Decoder) int {
	n := 0
	for n < maxBits-1 && d.Bit(&s.longer[n]) == 1 {
		n++
	}
	magnitude := 1
	for i := range n {
		if i < 2 {
			magnitude = magnitude<<1 | d.Bit(&s.head[n][magnitude])
		} else {
			magnitude = magnitude<<1 | int(d.Raw(1))
		}
	}
	return magnitude
}

// codePredictor codes the factors that the encoder has fitted. Terms that a
// kernel of side 1 does not have are left out.
func codePredictor(c coder, side int, by *predictor) {
	first := 0
	if side == 1 {
		first = average
	}
	var m numberModel
	for _, factors := range []*[terms]int32{&by.value, &by.magnitude} {
		for t := first; t < terms; t++ {
			factors[t] = m.signed(c, factors[t])
			if factors[t] < -maxFactor || factors[t] > maxFactor {
				c.fail(fmt.Errorf("a prediction factor of %d, at most %d is supported", factors[t], maxFactor))
			}
		}
	}
	by.start = int32(c.raw(uint32(by.start), 15))
}
