package sqz

import "halfmeg/model"

// scan goes through a convolution's weights in their order in memory,
// [out][kernel y][kernel x][in], and says what to expect of each. It takes a
// run of weights at a time: all input channels at one place of one filter's
// kernel. Three things tell what is to come:
//   - the same input channel's weights at the places of this kernel already
//     done: filters are smooth, most of all in the late layers;
//   - the average of the earlier filters' weights at the same place and input
//     channel: neighbouring classes share their likes and dislikes;
//   - the average magnitude of these: input channels differ in strength.
type scan struct {
	in, side  int // input channels, side of the kernel
	by        predictor
	mean      []int32 // the average weight, in units of 1/fine; shape [kernel y][kernel x][in], as the next
	spread    []int32 // the average magnitude, in units of 1/fine
	value     []int32 // of the current run, in units of 1/(fine*one)
	magnitude []int32
	expected  []expectation
}

// predictor says by how much each term counts in the expected value and in
// the expected magnitude of a weight, in units of 1/one. The first terms are
// neighbours, the last one is the average.
type predictor struct {
	value     [terms]int32
	magnitude [terms]int32
	start     int32 // the average magnitude before the first filter, in units of 1/fine
}

const (
	terms   = len(neighbours) + 1
	average = len(neighbours)
	one     = 32
	fine    = 256

	// maxFactor bounds a term's factor, so that no sum of terms leaves an int32.
	maxFactor = 4 * one

	// meanShift and spreadShift say how fast the averages forget: a filter
	// counts by 2^-shift.
	meanShift   = 3
	spreadShift = 5
)

// neighbours are the places in the kernel that a prediction looks at, as
// steps from the weight's own. All of them come before it.
var neighbours = [...]struct{ y, x int }{{0, -1}, {-1, 0}, {-1, -1}, {-1, 1}, {0, -2}, {-2, 0}}

func newScan(s model.Step, by predictor) *scan {
	sc := &scan{
		in: s.In, side: s.Kernel, by: by,
		mean:      make([]int32, s.Kernel*s.Kernel*s.In),
		spread:    make([]int32, s.Kernel*s.Kernel*s.In),
		value:     make([]int32, s.In),
		magnitude: make([]int32, s.In),
		expected:  make([]expectation, s.In),
	}
	for i := range sc.spread {
		sc.spread[i] = by.start
	}
	return sc
}

// run is the part of a filter at place k of the kernel, counted row by row.
func (sc *scan) run(filter []int8, k int) []int8 { return filter[k*sc.in : (k+1)*sc.in] }

// neighbour is the run at a neighbouring place, or nil outside the kernel.
func (sc *scan) neighbour(filter []int8, k, n int) []int8 {
	y, x := k/sc.side+neighbours[n].y, k%sc.side+neighbours[n].x
	if y < 0 || x < 0 || x >= sc.side {
		return nil
	}
	return sc.run(filter, y*sc.side+x)
}

// expect says what to expect of each weight of run k of a filter. It looks
// at earlier runs only. The result is valid until the next call.
func (sc *scan) expect(filter []int8, k int) []expectation {
	mean, spread := sc.mean[k*sc.in:][:sc.in], sc.spread[k*sc.in:][:sc.in]
	for i := range sc.in {
		sc.value[i] = sc.by.value[average] * mean[i]
		sc.magnitude[i] = sc.by.magnitude[average] * spread[i]
	}
	for n := range neighbours {
		if run := sc.neighbour(filter, k, n); run != nil {
			sc.add(run, sc.by.value[n]*fine, sc.by.magnitude[n]*fine)
		}
	}
	for i := range sc.expected {
		sc.expected[i] = expect(sc.value[i], sc.magnitude[i])
	}
	return sc.expected
}

// add counts a neighbouring run by the given factors.
func (sc *scan) add(run []int8, value, magnitude int32) {
	v, m := sc.value[:len(run)], sc.magnitude[:len(run)]
	for i, w := range run {
		v[i] += value * int32(w)
		m[i] += magnitude * max(int32(w), -int32(w))
	}
}

// learn brings the averages up to date with run k, just done.
func (sc *scan) learn(run []int8, k int) {
	mean, spread := sc.mean[k*sc.in:][:len(run)], sc.spread[k*sc.in:][:len(run)]
	for i, w := range run {
		mean[i] += (fine*int32(w) - mean[i]) >> meanShift
		spread[i] += (fine*max(int32(w), -int32(w)) - spread[i]) >> spreadShift
	}
}

// expectation is a weight's cell, times two, plus 1 if the expected value is negative.
type expectation uint16

func (x expectation) cell() int      { return int(x >> 1) }
func (x expectation) negative() bool { return x&1 != 0 }

// expect makes an expectation of a value and a magnitude in units of 1/(fine*one).
func expect(value, magnitude int32) expectation {
	x := expectation(level(max(value, -value)))*levels + expectation(level(max(magnitude, 0)))
	if value < 0 {
		return x<<1 | 1
	}
	return x << 1
}

// levels is the number of classes of magnitude: below 1/4, then from
// 2^(2k/3)/4 to 2^(2(k+1)/3)/4 for k = 0, 1, …; the last one has no upper end.
const levels = 13

// level is the class of v >= 0, in units of 1/(fine*one).
func level(v int32) uint8 {
	return levelTable[min(v>>levelShift, int32(len(levelTable)-1))]
}

const levelShift = 9 // the table's steps are 1/16

var levelTable = func() (table [1 << 10]uint8) {
	// 2^(2k/3)/4 in units of 1/16, rounded up.
	starts := [levels - 1]int{4, 7, 11, 16, 26, 41, 64, 102, 162, 256, 407, 646}
	for _, start := range starts {
		for i := start; i < len(table); i++ {
			table[i]++
		}
	}
	return table
}()
