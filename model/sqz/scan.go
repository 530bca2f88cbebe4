package sqz

import (
	"math/bits"

	"halfmeg/model"
)

// scan goes through a convolution's weights in their order in memory,
// [out][kernel y][kernel x][in], and says what to expect of each. It takes a
// run of weights at a time: all input channels at one place of one filter's
// kernel. Four things tell what is to come:
//   - the same input channel's weights at the places of this kernel already
//     done: filters are smooth, most of all in the late layers;
//   - the average of the earlier filters' weights at the same place and input
//     channel: neighbouring classes share their likes and dislikes;
//   - an earlier filter that the encoder has found alike: so do classes of a kind;
//   - the average magnitudes of the earlier filters' weights at the same place
//     and input channel, and of the weights just done: input channels and
//     filters differ in strength.
type scan struct {
	in, side int // input channels, side of the kernel
	by       predictor
	averages []averages // shape [kernel y][kernel x][in]
	row      int        // the average magnitude of the weights just done, in units of 1/fine
	product  int        // the product's factor over the start magnitude, in units of 1/(one*fine)

	total   int     // of the magnitudes of the current filter's weights
	similar []int8  // the filter that the current one is like
	factors factors // of the current group

	near  [len(neighbours)][256]expectation // what a neighbour's weight, as a uint8, adds
	local []expectation                     // what the neighbours of the current run's weights say
	none  []int8                            // a filter of zeros, which says nothing
}

// averages are over the filters done at one place of the kernel and one input
// channel, in units of 1/fine. They are small, but ints need no conversions.
type averages struct {
	mean   int // of the weights
	spread int // of their magnitudes
}

// expectation is an expected value and an expected magnitude, in units of
// 1/(fine*one): two int32 in one number, the magnitude times 2^32, for they
// are added often.
type expectation int64

func expect(value, magnitude int) expectation {
	return expectation(int64(magnitude)<<32 + int64(value))
}

func (x expectation) value() int     { return int(int32(x)) }
func (x expectation) magnitude() int { return int((x - expectation(x.value())) >> 32) }

// predictor says by how much each term counts in the expected value and in
// the expected magnitude of a weight, in units of 1/one.
type predictor struct {
	value     [valueTerms]int32
	magnitude [magnitudeTerms]int32
	start     int32 // the average magnitude before the first filter, in units of 1/fine
}

// The terms after the neighbours. A value has no others than the average: the
// similar filter counts as its gain says.
const (
	average    = len(neighbours) + iota // of the earlier filters, mean or spread
	similarity                          // the similar filter's magnitude times its gain's
	strength                            // the row's average magnitude
	product                             // of the average and the strength, over the start magnitude

	valueTerms     = average + 1
	magnitudeTerms = product + 1
)

const (
	one     = 32
	fine    = 256
	gainOne = 16

	// maxFactor bounds a term's factor and maxGain a gain, so that no sum of
	// terms leaves an int32.
	maxFactor = 4 * one
	maxGain   = 4 * gainOne

	// These say how fast averages forget: a filter counts by 2^-shift in the
	// mean and the spread, a weight in the row's average.
	meanShift   = 4
	spreadShift = 5
	rowShift    = 5

	// group is how many weights of a run share one average of the row.
	group = 16
)

// neighbours are the places in the kernel that a prediction looks at, as
// steps from the weight's own. All of them come before it.
var neighbours = [...]struct{ y, x int }{{0, -1}, {-1, 0}, {-1, -1}, {-1, 1}, {0, -2}, {-2, 0}}

func newScan(s model.Step, by predictor) *scan {
	size := s.Kernel * s.Kernel * s.In
	sc := &scan{
		in: s.In, side: s.Kernel, by: by,
		averages: make([]averages, size),
		row:      int(by.start),
		product:  int(by.magnitude[product] * fine / max(by.start, 1)),
		local:    make([]expectation, s.In),
		none:     make([]int8, size),
	}
	for i := range sc.averages {
		sc.averages[i].spread = int(by.start)
	}
	for n := range sc.near {
		for w := range sc.near[n] {
			v := int(int8(w))
			sc.near[n][w] = expect(fine*int(by.value[n])*v, fine*int(by.magnitude[n])*abs(v))
		}
	}
	return sc
}

// begin starts filter o of the weights.
func (sc *scan) begin(weights []int8, o int, l likeness) {
	sc.total, sc.similar = 0, sc.none
	if l.back != 0 {
		size := len(sc.none)
		sc.similar = weights[(o-l.back)*size:][:size]
	}
	sc.factors.mean = int(sc.by.value[average])
	sc.factors.similarValue = int(l.gain) * (one * fine / gainOne)
	sc.factors.similarMagnitude = abs(int(l.gain)) * int(sc.by.magnitude[similarity]) * (fine / gainOne)
	sc.follow(0, 0)
}

// run is the weights of one filter at one place of the kernel, one for each
// input channel, and what there is to know about them.
type run struct {
	weights  []int8
	similar  []int8 // the similar filter's
	local    []expectation
	averages []averages
}

// run makes place k of a filter's kernel, counted row by row, the current run.
func (sc *scan) run(filter []int8, k int) run {
	if sc.side > 1 {
		sc.look(filter, k)
	}
	from, to := k*sc.in, (k+1)*sc.in
	return run{filter[from:to], sc.similar[from:to], sc.local, sc.averages[from:to]}
}

// look works out what the neighbours of run k say. It adds two of them at a
// time, so that the sums are loaded and stored less often.
func (sc *scan) look(filter []int8, k int) {
	var near [len(neighbours) + 1]*[256]expectation
	var runs [len(neighbours) + 1][]int8
	y, x, found := k/sc.side, k%sc.side, 0
	for n := range neighbours {
		if run := sc.neighbour(filter, y, x, n); run != nil {
			near[found], runs[found] = &sc.near[n], run
			found++
		}
	}
	near[found], runs[found] = &sc.near[0], sc.none[:sc.in] // zeros, if the number is odd
	clear(sc.local)
	for n := 0; n < found; n += 2 {
		near0, near1 := near[n][:], near[n+1][:]
		run0 := runs[n]
		run1, local := runs[n+1][:len(run0)], sc.local[:len(run0)]
		for i, w := range run0 {
			local[i] += near0[uint8(w)] + near1[uint8(run1[i])]
		}
	}
}

// neighbour is the run at a neighbouring place of (y, x), or nil outside the kernel.
func (sc *scan) neighbour(filter []int8, y, x, n int) []int8 {
	y, x = y+neighbours[n].y, x+neighbours[n].x
	if y < 0 || x < 0 || x >= sc.side {
		return nil
	}
	return filter[(y*sc.side+x)*sc.in:][:sc.in]
}

// factors are those of a group's terms, in units of 1/one or, for the similar
// filter's weights, which are whole numbers, of 1/(fine*one).
type factors struct {
	mean, similarValue, similarMagnitude int // the same for all groups of a filter

	spread int
	row    int // a term: it is the same for the whole group
}

// follow makes a group of n weights part of the row's average; sum is that
// of their magnitudes. It works out the factors of the next group.
func (sc *scan) follow(sum, n int) {
	const most = 16 * one
	sc.total += sum
	sc.row += (fine*sum - n*sc.row) >> rowShift
	sc.factors.spread = int(sc.by.magnitude[average]) + max(-most, min(most, sc.product*sc.row>>8))
	sc.factors.row = int(sc.by.magnitude[strength]) * sc.row
}

// class says which estimates weight i of the run is coded with. Where time
// counts, decodeRun does the same.
func (sc *scan) class(r *run, i int) class {
	f, a, s := &sc.factors, r.averages[i], int(r.similar[i])
	return classify(
		r.local[i].value()+f.mean*a.mean+f.similarValue*s,
		r.local[i].magnitude()+f.row+f.spread*a.spread+f.similarMagnitude*abs(s))
}

// after is the averages after another weight.
func (a averages) after(w, magnitude int) averages {
	return averages{
		mean:   a.mean + (fine*w-a.mean)>>meanShift,
		spread: a.spread + (fine*magnitude-a.spread)>>spreadShift,
	}
}

// each calls do with each weight of a run that is known, and then learns it.
func (sc *scan) each(r run, do func(i int)) {
	for first := 0; first < len(r.weights); first += group {
		sum, end := 0, min(first+group, len(r.weights))
		for i := first; i < end; i++ {
			do(i)
			w := int(r.weights[i])
			magnitude := abs(w)
			r.averages[i] = r.averages[i].after(w, magnitude)
			sum += magnitude
		}
		sc.follow(sum, end-first)
	}
}

func abs(v int) int {
	sign := v >> (bits.UintSize - 1)
	return (v ^ sign) - sign
}
