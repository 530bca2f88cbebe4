package sqz

import (
	"fmt"
	"math/bits"

	"halfmeg/model"
	"halfmeg/model/sqz/internal/arith"
)

// predictor predicts the weights of a convolution one after the other, in the
// memory order [out][kernel y][kernel x][in]. It predicts a value and a
// magnitude, both linear combinations of terms:
//   - the neighbours: weights of the same input channel at previous positions
//     in this kernel. Filters are smooth, above all in the late layers;
//   - the mean of the previous filters' weights at the same position and input
//     channel. Filters of neighbouring classes are correlated;
//   - the weight of a similar filter that the encoder has found, for the same
//     reason;
//   - average magnitudes: of the previous filters at the same position and
//     input channel, and of the most recent weights. Input channels and filters
//     differ in scale.
type predictor struct {
	in, side int // input channels, kernel side
	coefs    coefficients
	averages []averages // shape [kernel y][kernel x][in]
	recent   int        // running average of |w|, in units of 1/avgUnit
	product  int        // product coefficient over initial magnitude, in units of 1/(coefUnit*avgUnit)

	// Of the current filter.
	filterSum int    // sum of |w| so far
	similar   []int8 // the similar filter, or zeros
	factors   factors

	neighbourTerms [len(neighbours)][256]expectation // by the neighbour's weight as a uint8
	neighbourSums  []expectation                     // of the current tap, shape [in]
	zeros          []int8                            // a filter of zeros
}

// averages are running averages over the previous filters at one position and
// input channel, in units of 1/avgUnit. int saves conversions.
type averages struct {
	mean   int // of w
	spread int // of |w|
}

// expectation is a predicted value and magnitude in units of
// 1/(avgUnit*coefUnit), packed for fast addition: value + magnitude<<32.
type expectation int64

func expect(value, magnitude int) expectation {
	return expectation(int64(magnitude)<<32 + int64(value))
}

func (x expectation) value() int     { return int(int32(x)) }
func (x expectation) magnitude() int { return int((x - expectation(x.value())) >> 32) }

// coefficients are the prediction coefficients of a convolution, in units of
// 1/coefUnit. The encoder fits them.
type coefficients struct {
	value     [valueTerms]int32
	magnitude [magnitudeTerms]int32
	initial   int32 // average magnitude before the first filter, in units of 1/avgUnit
}

// Indices of the terms after the neighbours. The similar filter's value has no
// coefficient, as its gain has the same effect.
const (
	termAverage = len(neighbours) + iota // mean or spread of the previous filters
	termSimilar                          // magnitude of the similar filter times its gain
	termRecent                           // average magnitude of the recent weights
	termProduct                          // of spread and recent, over the initial magnitude

	valueTerms     = termAverage + 1
	magnitudeTerms = termProduct + 1
)

// Fixed-point units, and limits that keep every sum of terms in an int32.
const (
	coefUnit = 32
	avgUnit  = 256
	gainUnit = 16

	maxCoef = 4 * coefUnit
	maxGain = 4 * gainUnit
)

// Rates of the running averages: a new value has the weight 2^-shift.
const (
	meanShift   = 4
	spreadShift = 5
	recentShift = 5

	// groupSize is the number of weights between updates of recent.
	groupSize = 16
)

// neighbours are offsets in the kernel. All precede the weight itself.
var neighbours = [...]struct{ y, x int }{{0, -1}, {-1, 0}, {-1, -1}, {-1, 1}, {0, -2}, {-2, 0}}

func newPredictor(s model.Step, coefs coefficients) *predictor {
	size := s.Kernel * s.Kernel * s.In
	p := &predictor{
		in: s.In, side: s.Kernel, coefs: coefs,
		averages:      make([]averages, size),
		recent:        int(coefs.initial),
		product:       int(coefs.magnitude[termProduct] * avgUnit / max(coefs.initial, 1)),
		neighbourSums: make([]expectation, s.In),
		zeros:         make([]int8, size),
	}
	for i := range p.averages {
		p.averages[i].spread = int(coefs.initial)
	}
	for n := range p.neighbourTerms {
		for b := range p.neighbourTerms[n] {
			w := int(int8(b))
			p.neighbourTerms[n][b] = expect(avgUnit*int(coefs.value[n])*w, avgUnit*int(coefs.magnitude[n])*abs(w))
		}
	}
	return p
}

// startFilter starts filter o of the weights [out][kernel y][kernel x][in].
func (p *predictor) startFilter(weights []int8, o int, f similarFilter) {
	p.filterSum, p.similar = 0, p.zeros
	if f.distance != 0 {
		size := len(p.zeros)
		p.similar = weights[(o-f.distance)*size:][:size]
	}
	p.factors.mean = int(p.coefs.value[termAverage])
	p.factors.similarValue = int(f.gain) * (coefUnit * avgUnit / gainUnit)
	p.factors.similarMagnitude = abs(int(f.gain)) * int(p.coefs.magnitude[termSimilar]) * (avgUnit / gainUnit)
	p.endGroup(0, 0)
}

// tap is one kernel position of a filter: a weight for each input channel, with
// the inputs of its prediction.
type tap struct {
	weights       []int8
	similar       []int8 // of the similar filter
	neighbourSums []expectation
	averages      []averages
}

// tap returns tap k of a filter, k = y*side+x. The previous one becomes invalid.
func (p *predictor) tap(filter []int8, k int) tap {
	if p.side > 1 {
		p.sumNeighbours(filter, k)
	}
	from, to := k*p.in, (k+1)*p.in
	return tap{filter[from:to], p.similar[from:to], p.neighbourSums, p.averages[from:to]}
}

// sumNeighbours sums the terms of the neighbours of tap k. It adds two
// neighbours per pass, which halves the loads and stores of the sums.
func (p *predictor) sumNeighbours(filter []int8, k int) {
	var terms [len(neighbours) + 1]*[256]expectation
	var taps [len(neighbours) + 1][]int8
	y, x, count := k/p.side, k%p.side, 0
	for n := range neighbours {
		if weights := p.neighbour(filter, y, x, n); weights != nil {
			terms[count], taps[count] = &p.neighbourTerms[n], weights
			count++
		}
	}
	terms[count], taps[count] = &p.neighbourTerms[0], p.zeros[:p.in] // pads an odd count
	clear(p.neighbourSums)
	for n := 0; n < count; n += 2 {
		terms0, terms1 := terms[n][:], terms[n+1][:]
		tap0 := taps[n]
		tap1, sums := taps[n+1][:len(tap0)], p.neighbourSums[:len(tap0)]
		for i, w := range tap0 {
			sums[i] += terms0[uint8(w)] + terms1[uint8(tap1[i])]
		}
	}
}

// neighbour returns the weights at neighbour n of (y, x), nil outside the kernel.
func (p *predictor) neighbour(filter []int8, y, x, n int) []int8 {
	y, x = y+neighbours[n].y, x+neighbours[n].x
	if y < 0 || x < 0 || x >= p.side {
		return nil
	}
	return filter[(y*p.side+x)*p.in:][:p.in]
}

// factors multiply the terms of a weight, in units of 1/coefUnit; the two of
// the similar filter, whose weights are integers, in units of
// 1/(avgUnit*coefUnit).
type factors struct {
	// Constant in a filter.
	mean, similarValue, similarMagnitude int

	// Constant in a group of weights.
	spread int
	recent int // the whole term
}

// endGroup updates recent with a group of n weights, whose magnitudes add up to
// sum, and computes the factors of the next group.
func (p *predictor) endGroup(sum, n int) {
	const maxProduct = 16 * coefUnit
	p.filterSum += sum
	p.recent += (avgUnit*sum - n*p.recent) >> recentShift
	p.factors.spread = int(p.coefs.magnitude[termAverage]) + max(-maxProduct, min(maxProduct, p.product*p.recent>>8))
	p.factors.recent = int(p.coefs.magnitude[termRecent]) * p.recent
}

// context returns the context of weight i of a tap. decodeTap has the same
// computation inlined.
func (p *predictor) context(t *tap, i int) context {
	f, a, s := &p.factors, t.averages[i], int(t.similar[i])
	return newContext(
		t.neighbourSums[i].value()+f.mean*a.mean+f.similarValue*s,
		t.neighbourSums[i].magnitude()+f.recent+f.spread*a.spread+f.similarMagnitude*abs(s))
}

// updated returns the averages after another weight.
func (a averages) updated(w, magnitude int) averages {
	return averages{
		mean:   a.mean + (avgUnit*w-a.mean)>>meanShift,
		spread: a.spread + (avgUnit*magnitude-a.spread)>>spreadShift,
	}
}

// forEach calls f for each known weight of a tap and updates the predictor
// after it.
func (p *predictor) forEach(t tap, f func(i int)) {
	for first := 0; first < len(t.weights); first += groupSize {
		sum, end := 0, min(first+groupSize, len(t.weights))
		for i := first; i < end; i++ {
			f(i)
			w := int(t.weights[i])
			magnitude := abs(w)
			t.averages[i] = t.averages[i].updated(w, magnitude)
			sum += magnitude
		}
		p.endGroup(sum, end-first)
	}
}

func abs(v int) int {
	sign := v >> (bits.UintSize - 1)
	return (v ^ sign) - sign
}

// codeCoefficients codes prediction coefficients. A kernel of side 1 has no
// neighbours.
func codeCoefficients(c coder, side int, coefs *coefficients) {
	first := 0
	if side == 1 {
		first = termAverage
	}
	var m numberModel
	for _, terms := range [][]int32{coefs.value[first:], coefs.magnitude[first:]} {
		for t := range terms {
			terms[t] = m.signed(c, terms[t])
			if terms[t] < -maxCoef || terms[t] > maxCoef {
				c.fail(fmt.Errorf("a prediction coefficient of %d, at most %d is supported", terms[t], maxCoef))
			}
		}
	}
	coefs.initial = int32(c.raw(uint32(coefs.initial), 15))
}

// similarFilter refers to a previous filter of the convolution that predicts
// the current one.
type similarFilter struct {
	distance int   // in filters, at most maxDistance; 0 for no reference
	gain     int32 // factor from that filter to this one, in units of 1/gainUnit
}

// maxDistance bounds the encoder's search, which is quadratic in it.
const maxDistance = 1 << 10

// similarModel codes the similar filters of a convolution.
type similarModel struct {
	present arith.CountedProb
	gain    numberModel
}

// code codes the reference of filter o.
func (m *similarModel) code(c coder, f *similarFilter, o int) {
	most := min(o, maxDistance)
	present := 0
	if f.distance != 0 {
		present = 1
	}
	if most == 0 || c.counted(&m.present, present) == 0 {
		return
	}
	f.distance = int(c.raw(uint32(f.distance-1), bits.Len(uint(most-1)))) + 1
	f.gain = m.gain.signed(c, f.gain)
	if f.distance > most || f.gain < -maxGain || f.gain > maxGain {
		c.fail(fmt.Errorf("filter %d refers to a similar filter at distance %d with gain %d/%d; at most %d and ±%d/%d are supported",
			o, f.distance, f.gain, gainUnit, most, maxGain, gainUnit))
	}
}
