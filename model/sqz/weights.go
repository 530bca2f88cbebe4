package sqz

import (
	"fmt"
	"math/bits"

	"halfmeg/model"
	"halfmeg/model/sqz/internal/arith"
	"halfmeg/model/trellis"
)

// weightModel codes the weights of each convolution. A predictor determines the
// context of each weight, and the context the probabilities of these binary
// decisions: is the weight zero; does its sign differ from the predicted one;
// the bit length of its magnitude, in unary; the first two bits after the
// leading 1 of the magnitude. The remaining bits are raw. Probabilities are kept
// from layer to layer.
type weightModel struct {
	flags      [contexts]flagProbs
	magnitudes [magnitudeContexts][2]magnitudeProbs // [1] if the sign differs from the predicted one

	// filterSums is the sum of |w| of each filter of the last convolution.
	filterSums []int
}

// flagProbs are the probabilities of the zero flag and the sign flag.
type flagProbs struct {
	nonzero  arith.ShiftProb
	signDiff arith.ShiftProb // the sign differs from the predicted one
}

// magnitudeProbs are the probabilities for the magnitude of a nonzero weight.
// For magnitudes of n+1 bits, [n][0] is the probability that there are more
// bits, and [n][1] to [n][3] are the tree of the two bits after the leading 1.
type magnitudeProbs [maxBits + 1][4]arith.ShiftProb

// maxBits is the bit length of model.MaxWeight.
const maxBits = 7

// context is the context of a weight.
type context struct {
	index    uint // of weightModel.flags: value context and magnitude context
	negative int  // -1 if the predicted value is negative, else 0
}

const (
	magnitudeContexts = 4 * 32 // four per octave
	valueContexts     = 8
	contexts          = valueContexts * magnitudeContexts
)

// magnitude returns the magnitude context.
func (x context) magnitude() uint { return x.index % magnitudeContexts }

// newContext quantizes a predicted value and magnitude, in units of
// 1/(avgUnit*coefUnit). The value context is the bit length of |value| in units
// of 1/4, at most 7. The magnitude context is 4 times the bit length plus the
// two bits after the leading 1. Both bit lengths come from LeadingZeros64, which
// lets all constants fold into one, and no table is needed.
func newContext(value, magnitude int) context {
	const (
		quarter  = 11                               // log2 of avgUnit*coefUnit/4
		minZeros = 64 - quarter - valueContexts + 1 // leading zeros in the last value context
		offset   = (64-quarter)*magnitudeContexts + 4*64 - 4
	)
	negative := value >> (bits.UintSize - 1)
	v, m := uint64(value^negative|1<<(quarter-1)), uint64(max(magnitude, 1))
	zerosV, zerosM := uint(max(minZeros, bits.LeadingZeros64(v))), uint(bits.LeadingZeros64(m))
	return context{(uint(m<<(zerosM&63)>>61) + offset%contexts - zerosM*4 - zerosV*magnitudeContexts) % contexts, negative}
}

// newWeightModel sets the prior probabilities to those of a two-sided geometric
// distribution whose mean magnitude is the middle of the context. Each magnitude
// is less likely than the previous one by a factor t; for a mean magnitude m,
// t = (sqrt(1+m²)-1)/m, approximated by (m²+m)/(m²+2m+2). With good priors the
// probabilities can adapt slowly, and slow adaptation is more precise.
func newWeightModel() *weightModel {
	m := new(weightModel)
	for x := range m.magnitudes {
		const one, unit = 1 << arith.ProbBits, coefUnit * avgUnit
		mean := min(uint64(9+2*(x%4))<<(x/4)>>4, 1<<7*unit) // the middle of the context
		t := mean * (mean + unit) << arith.ProbBits / (mean*mean + 2*unit*mean + 2*unit*unit)
		for i := x; i < contexts; i += magnitudeContexts {
			m.flags[i] = flagProbs{arith.NewShiftProb(2 * t * one / (one + t)), arith.NewShiftProb(one / 2)}
		}
		var p magnitudeProbs
		for n := range maxBits {
			// t is the probability that the magnitude is larger by another 2^n.
			half := arith.NewShiftProb(t * one / (one + t))
			p[n][0] = arith.NewShiftProb(t)
			p[n+1][1] = half
			if n+2 <= maxBits {
				p[n+2][2], p[n+2][3] = half, half
			}
			t = t * t >> arith.ProbBits
		}
		m.magnitudes[x] = [2]magnitudeProbs{p, p}
	}
	return m
}

// encode encodes the weights of a convolution, none of which is -128. If they
// follow the trellis, it encodes their trellis indices.
func (m *weightModel) encode(e *arith.Encoder, s model.Step, weights []int8) {
	if indices, ok := trellis.Indices(weights, len(weights)/s.Out); ok {
		e.Raw(1, 1)
		m.encodeLevels(e, s, indices)
	} else {
		e.Raw(0, 1)
		m.encodeLevels(e, s, weights)
	}
}

// encodeLevels encodes the weights of a convolution or their trellis indices.
func (m *weightModel) encodeLevels(e *arith.Encoder, s model.Step, weights []int8) {
	coefs, similar := fit(s, weights)
	c := &writer{e: e}
	codeCoefficients(c, s.Kernel, &coefs)
	p := newPredictor(s, coefs)
	var references similarModel
	m.filterSums = m.filterSums[:0]
	size := len(weights) / s.Out
	for o := range s.Out {
		filter := weights[o*size:][:size]
		references.code(c, &similar[o], o)
		p.startFilter(weights, o, similar[o])
		for k := range s.Kernel * s.Kernel {
			t := p.tap(filter, k)
			p.forEach(t, func(i int) { m.encodeWeight(e, int(t.weights[i]), p.context(&t, i)) })
		}
		m.filterSums = append(m.filterSums, p.filterSum)
	}
}

func (m *weightModel) encodeWeight(e *arith.Encoder, w int, x context) {
	f := &m.flags[x.index]
	e.Shift(&f.nonzero, w != 0)
	if w == 0 {
		return
	}
	signDiff := w < 0 != (x.negative < 0)
	e.Shift(&f.signDiff, signDiff)
	p := &m.magnitudes[x.magnitude()][0]
	if signDiff {
		p = &m.magnitudes[x.magnitude()][1]
	}
	p.encode(e, max(w, -w))
}

func (p *magnitudeProbs) encode(e *arith.Encoder, magnitude int) {
	n := bits.Len(uint(magnitude)) - 1
	for i := range n {
		e.Shift(&p[i][0], true)
	}
	if n < maxBits-1 {
		e.Shift(&p[n][0], false)
	}
	node := 1
	for i := range n {
		bit := magnitude >> (n - 1 - i) & 1
		if i < 2 {
			e.Shift(&p[n][node], bit != 0)
			node = node<<1 | bit
		} else {
			e.Raw(uint32(bit), 1)
		}
	}
}

// decode is the inverse of encode. It allocates in proportion to what it has
// decoded.
func (m *weightModel) decode(d *arith.Decoder, s model.Step) ([]int8, error) {
	c := &reader{d: d}
	trellisCoded := c.raw(0, 1) == 1
	var coefs coefficients
	codeCoefficients(c, s.Kernel, &coefs)
	if err := c.err(); err != nil {
		return nil, err
	}
	p := newPredictor(s, coefs)
	var references similarModel
	m.filterSums = m.filterSums[:0]
	filter := make([]int8, s.Weights()/s.Out)
	weights := make([]int8, 0, min(s.Weights(), 1<<20))
	for o := range s.Out {
		var similar similarFilter
		references.code(c, &similar, o)
		if err := c.err(); err != nil {
			return nil, err
		}
		p.startFilter(weights, o, similar)
		for k := range s.Kernel * s.Kernel {
			m.decodeTap(d, p, p.tap(filter, k))
		}
		if err := d.Err(); err != nil {
			return nil, err
		}
		m.filterSums = append(m.filterSums, p.filterSum)
		weights = append(weights, filter...)
	}
	if trellisCoded && !trellis.Numbers(weights, len(filter)) {
		return nil, fmt.Errorf("a weight beyond ±%d", model.MaxWeight)
	}
	return weights, nil
}

// decodeTap decodes the weights of a tap: the inverse of encodeWeight in the
// order of predictor.forEach. Most of the decoding time is spent here. So the
// loop keeps the decoder state and the factors in registers, makes no calls, and
// has one branch per decision.
func (m *weightModel) decodeTap(d *arith.Decoder, p *predictor, t tap) {
	state := d.State()
	var bound uint64
	flags, magnitudes := &m.flags, &m.magnitudes
	for first := 0; first < len(t.weights); first += groupSize {
		sum, end, f := 0, min(first+groupSize, len(t.weights)), &p.factors
		weights, similar, sums, averages := t.weights[first:end], t.similar[first:end], t.neighbourSums[first:end], t.averages[first:end]
		mean, spread, similarValue, similarMagnitude, recent := f.mean, f.spread, f.similarValue, f.similarMagnitude, f.recent
		for i := range weights {
			a, s := averages[i], int(similar[i])
			x := newContext(sums[i].value()+mean*a.mean+similarValue*s,
				sums[i].magnitude()+recent+spread*a.spread+similarMagnitude*abs(s))

			flag := &flags[x.index]
			prob := flag.nonzero
			if state, bound = d.Split(state, prob); state.Offset >= bound {
				state, flag.nonzero = state.Zero(bound), prob.AfterZero()
				weights[i] = 0
				averages[i] = a.updated(0, 0)
				continue
			}
			state, flag.nonzero = state.One(bound), prob.AfterOne()

			probs := &magnitudes[x.magnitude()][0]
			prob = flag.signDiff
			if state, bound = d.Split(state, prob); state.Offset < bound {
				state, flag.signDiff = state.One(bound), prob.AfterOne()
				probs = &magnitudes[x.magnitude()][1]
				x.negative = ^x.negative
			} else {
				state, flag.signDiff = state.Zero(bound), prob.AfterZero()
			}

			n := uint(0) // number of bits after the leading 1
			level := &probs[0]
			for n < maxBits-1 {
				prob = level[0]
				if state, bound = d.Split(state, prob); state.Offset >= bound {
					state, level[0] = state.Zero(bound), prob.AfterZero()
					break
				}
				state, level[0] = state.One(bound), prob.AfterOne()
				n++
				level = &probs[n]
			}
			magnitude := uint(1)
			if n > 0 {
				prob = level[1]
				if state, bound = d.Split(state, prob); state.Offset < bound {
					state, level[1] = state.One(bound), prob.AfterOne()
					magnitude = 3
				} else {
					state, level[1] = state.Zero(bound), prob.AfterZero()
					magnitude = 2
				}
			}
			if n > 1 {
				prob = level[magnitude&3]
				if state, bound = d.Split(state, prob); state.Offset < bound {
					state, level[magnitude&3] = state.One(bound), prob.AfterOne()
					magnitude = 2*magnitude + 1
				} else {
					state, level[magnitude&3] = state.Zero(bound), prob.AfterZero()
					magnitude = 2 * magnitude
				}
			}
			for ; n > 2; n-- {
				if state, bound = d.Split(state, arith.Half); state.Offset < bound {
					state, magnitude = state.One(bound), 2*magnitude+1
				} else {
					state, magnitude = state.Zero(bound), 2*magnitude
				}
			}
			sum += int(magnitude)
			w := (int(magnitude) ^ x.negative) - x.negative
			weights[i] = int8(w)
			averages[i] = a.updated(w, int(magnitude))
		}
		p.endGroup(sum, len(weights))
	}
	d.SetState(state)
}
