package report

import "math"

// Histogram counts weights by their value in steps of their channel's int8
// grid. It has the same number of bins on either side of the middle one,
// whose centre is 0. The zero Histogram has no bins: nothing is known.
type Histogram struct {
	width  float64 // of a bin, in steps
	counts []int   // an odd number, from the lowest value to the highest
}

// A Histogram made here reaches from -128 to 128 steps; what lies beyond
// counts in the outermost bin.
const (
	reach       = 128
	binsPerStep = 4 // of float weights
)

func newHistogram(binsPerStep int) Histogram {
	return Histogram{width: 1 / float64(binsPerStep), counts: make([]int, 2*reach*binsPerStep+1)}
}

// Int8Histogram counts quantized weights.
func Int8Histogram(weights []int8) Histogram {
	h := newHistogram(1)
	for _, w := range weights {
		h.counts[int(w)+reach]++
	}
	return h
}

// FloatHistogram counts the weights [out][depth] of a layer, in quarters of
// the steps [out] of their channels. A zero is a zero whatever the step; a
// weight that is no number of steps (NaN) is left out.
func FloatHistogram[W, S float32 | float64](weights []W, steps []S) Histogram {
	h := newHistogram(binsPerStep)
	if len(steps) == 0 {
		return h
	}
	depth := len(weights) / len(steps)
	for o, step := range steps {
		for _, w := range weights[o*depth : (o+1)*depth] {
			h.add(float64(w), float64(step))
		}
	}
	return h
}

func (h *Histogram) add(weight, step float64) {
	value := weight / step
	if weight == 0 {
		value = 0
	}
	if math.IsNaN(value) {
		return
	}
	value = max(-reach, min(reach, value)) // before it becomes an int
	h.counts[h.middle()+int(math.Round(value/h.width))]++
}

// middle is the bin of 0.
func (h *Histogram) middle() int { return len(h.counts) / 2 }

// total is how many values were counted.
func (h *Histogram) total() int {
	sum := 0
	for _, n := range h.counts {
		sum += n
	}
	return sum
}

// zeros is how many values are in the middle bin.
func (h *Histogram) zeros() int {
	if len(h.counts) == 0 {
		return 0
	}
	return h.counts[h.middle()]
}

// largest is the largest magnitude counted, in steps: the centre of its bin.
func (h *Histogram) largest() float64 {
	farthest := 0
	for i, n := range h.counts {
		if n > 0 {
			farthest = max(farthest, i-h.middle(), h.middle()-i)
		}
	}
	return float64(farthest) * h.width
}

// density is how many values there are to a step around the middle, on so
// many bins either side, each made of merge (odd) bins of h. Bins that h does
// not have are empty.
func (h *Histogram) density(side, merge int) []float64 {
	d := make([]float64, 2*side+1)
	for i, n := range h.counts {
		from := i - h.middle() + merge/2 // the merged middle bin is 0…merge-1
		bin := side + int(math.Floor(float64(from)/float64(merge)))
		if bin >= 0 && bin < len(d) {
			d[bin] += float64(n) / (h.width * float64(merge))
		}
	}
	return d
}
