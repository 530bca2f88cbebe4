package sqz

import (
	"fmt"
	"math/bits"

	"halfmeg/model"
	"halfmeg/model/sqz/internal/arith"
	"halfmeg/model/trellis"
)

// weightModel codes the weights of one convolution after the other. It is
// all that the rest of the format knows of how weights are coded.
//
// A scan says what to expect of each weight and so chooses the chances of
// these decisions: is the weight zero; has it the unexpected sign; how many
// bits has its magnitude, in unary; what are the two bits behind the
// magnitude's leading 1. Bits behind these are raw. Chances live on from layer
// to layer.
type weightModel struct {
	cells [cells]cell
	sizes [magnitudes][2]size // by the expected magnitude; [1] if the sign is the unexpected one

	// totals are the sums of magnitudes of each filter of the last convolution.
	totals []int
}

// cell holds the chances for one pair of an expected value and an expected magnitude.
type cell struct {
	nonzero    arith.Chance
	unexpected arith.Chance
}

// size holds the chances for the magnitude of a weight that is not zero. For
// magnitudes of n+1 bits, element [n][0] is the chance that it has more, and
// [n][1] to [n][3] are the tree of the two bits behind the leading 1.
type size [maxBits + 1][4]arith.Chance

// maxBits is the length of model.MaxWeight in bits.
const maxBits = 7

// encode codes the weights of a convolution, none of which is -128. If they
// follow the trellis, their indices are coded in their place.
func (m *weightModel) encode(e *arith.Encoder, s model.Step, weights []int8) {
	indices, follow := trellis.Indices(weights, len(weights)/s.Out)
	if follow {
		e.Raw(1, 1)
		m.encodeNumbers(e, s, indices)
	} else {
		e.Raw(0, 1)
		m.encodeNumbers(e, s, weights)
	}
}

// encodeNumbers codes a convolution's weights or their indices.
func (m *weightModel) encodeNumbers(e *arith.Encoder, s model.Step, weights []int8) {
	by, like := fit(s, weights)
	c := &writer{e: e}
	codePredictor(c, s.Kernel, &by)
	sc := newScan(s, by)
	var likenesses likenessModel
	m.totals = m.totals[:0]
	size := len(weights) / s.Out
	for o := range s.Out {
		filter := weights[o*size:][:size]
		likenesses.code(c, &like[o], o)
		sc.begin(weights, o, like[o])
		for k := range s.Kernel * s.Kernel {
			r := sc.run(filter, k)
			sc.each(r, func(i int) { m.encodeWeight(e, int(r.weights[i]), sc.class(&r, i)) })
		}
		m.totals = append(m.totals, sc.total)
	}
}

// decode is the inverse of encode. The memory it takes grows with what the
// stream has delivered.
func (m *weightModel) decode(d *arith.Decoder, s model.Step) ([]int8, error) {
	c := &reader{d: d}
	follow := c.raw(0, 1) == 1
	var by predictor
	codePredictor(c, s.Kernel, &by)
	if err := c.err(); err != nil {
		return nil, err
	}
	sc := newScan(s, by)
	var likenesses likenessModel
	m.totals = m.totals[:0]
	filter := make([]int8, s.Weights()/s.Out)
	weights := make([]int8, 0, min(s.Weights(), 1<<20))
	for o := range s.Out {
		var l likeness
		likenesses.code(c, &l, o)
		if err := c.err(); err != nil {
			return nil, err
		}
		sc.begin(weights, o, l)
		for k := range s.Kernel * s.Kernel {
			m.decodeRun(d, sc, sc.run(filter, k))
		}
		if err := d.Err(); err != nil {
			return nil, err
		}
		m.totals = append(m.totals, sc.total)
		weights = append(weights, filter...)
	}
	if follow && !trellis.Numbers(weights, len(filter)) {
		return nil, fmt.Errorf("a weight beyond %d", model.MaxWeight)
	}
	return weights, nil
}

// encodeWeight codes a weight of the given class.
func (m *weightModel) encodeWeight(e *arith.Encoder, w int, x class) {
	c := &m.cells[x.cell]
	e.Chance(&c.nonzero, w != 0)
	if w == 0 {
		return
	}
	unexpected := w < 0 != (x.negative < 0)
	e.Chance(&c.unexpected, unexpected)
	s := &m.sizes[x.magnitude()][0]
	if unexpected {
		s = &m.sizes[x.magnitude()][1]
	}
	s.encode(e, max(w, -w))
}

func (s *size) encode(e *arith.Encoder, magnitude int) {
	n := bits.Len(uint(magnitude)) - 1
	for i := range n {
		e.Chance(&s[i][0], true)
	}
	if n < maxBits-1 {
		e.Chance(&s[n][0], false)
	}
	node := 1
	for i := range n {
		bit := magnitude >> (n - 1 - i) & 1
		if i < 2 {
			e.Chance(&s[n][node], bit != 0)
			node = node<<1 | bit
		} else {
			e.Raw(uint32(bit), 1)
		}
	}
}

// total is the sum of the weights' magnitudes.
func total(weights []int8) (sum int) {
	for _, w := range weights {
		sum += int(max(w, -w))
	}
	return sum
}

// codePredictor codes the factors that the encoder has fitted. Terms that a
// kernel of side 1 does not have are left out.
func codePredictor(c coder, side int, by *predictor) {
	first := 0
	if side == 1 {
		first = average
	}
	var m numberModel
	for _, factors := range [][]int32{by.value[first:], by.magnitude[first:]} {
		for t := range factors {
			factors[t] = m.signed(c, factors[t])
			if factors[t] < -maxFactor || factors[t] > maxFactor {
				c.fail(fmt.Errorf("a prediction factor of %d, at most %d is supported", factors[t], maxFactor))
			}
		}
	}
	by.start = int32(c.raw(uint32(by.start), 15))
}
