package report

import "math"

// Histogram counts weights by their value in steps of their channel's int8 grid.
// Its bins are symmetric around the middle one, which is centred at 0. The zero
// Histogram has no bins and means that nothing is known.
type Histogram struct {
	width  float64 // of a bin, in steps
	counts []int   // of an odd number of bins, by increasing value
}

// Histograms cover -128…128 steps. Values beyond are counted in the outermost
// bins.
const (
	reach            = 128
	floatBinsPerStep = 4 // for float weights
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

// FloatHistogram counts the weights [out][depth] of a layer, in quarters of the
// steps [out] of their channels. A zero weight counts as 0 even if the step is 0.
// NaN is left out.
func FloatHistogram[W, S float32 | float64](weights []W, steps []S) Histogram {
	h := newHistogram(floatBinsPerStep)
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
	steps := weight / step
	if weight == 0 {
		steps = 0
	}
	if math.IsNaN(steps) {
		return
	}
	steps = max(-reach, min(reach, steps)) // before the conversion to int
	h.counts[h.middle()+int(math.Round(steps/h.width))]++
}

// middle returns the index of the bin of 0.
func (h *Histogram) middle() int { return len(h.counts) / 2 }

// total returns the number of values.
func (h *Histogram) total() int {
	sum := 0
	for _, n := range h.counts {
		sum += n
	}
	return sum
}

// zeros returns the number of values in the middle bin.
func (h *Histogram) zeros() int {
	if len(h.counts) == 0 {
		return 0
	}
	return h.counts[h.middle()]
}

// largest returns the largest magnitude in steps, as the centre of its bin.
func (h *Histogram) largest() float64 {
	distance := 0
	for i, n := range h.counts {
		if n > 0 {
			distance = max(distance, i-h.middle(), h.middle()-i)
		}
	}
	return float64(distance) * h.width
}

// density returns the values per step in side bins on either side of the middle
// one, each merged from an odd number of bins of h. Bins beyond h are empty.
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
