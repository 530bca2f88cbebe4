package chart

import "math"

// Axis maps values low…high linearly to positions from…to.
type Axis struct {
	low, high float64
	from, to  float64
	step      float64 // distance of ticks
}

// maxValue limits what an axis shows, so that no sum overflows.
const maxValue = 1e300

// NewAxis returns an axis that covers all finite values in about the given number
// of round steps.
func NewAxis(values []float64, steps int, from, to float64) Axis {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if Finite(v) {
			v = max(-maxValue, min(maxValue, v))
			low, high = min(low, v), max(high, v)
		}
	}
	switch {
	case low > high:
		low, high = 0, 1
	case low == high && low == 0:
		high = 1
	case low == high: // a margin on both sides
		margin := math.Abs(low) / 100
		low, high = low-margin, high+margin
	}
	step := roundStep((high - low) / float64(steps))
	return Axis{low: math.Floor(low/step) * step, high: math.Ceil(high/step) * step, from: from, to: to, step: step}
}

// roundStep returns the least of …, 1, 2, 5, 10, … that is at least v.
func roundStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= v*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// At returns the position of a value, clamped to the axis.
func (a Axis) At(v float64) float64 {
	fraction := max(0, min(1, (v-a.low)/(a.high-a.low)))
	return a.from + fraction*(a.to-a.from)
}

// Integral returns the axis with ticks at integers only.
func (a Axis) Integral() Axis {
	if a.step < 1 {
		a.step, a.low, a.high = 1, math.Floor(a.low), math.Ceil(a.high)
	}
	return a
}

// UpTo returns the axis with its upper end at high, if that is above its lower end.
func (a Axis) UpTo(high float64) Axis {
	if high > a.low {
		a.high = high
	}
	return a
}

// Length returns the length of a bar of the given value.
func (a Axis) Length(v float64) float64 { return a.At(a.low+v) - a.from }

// Ticks returns the values to label.
func (a Axis) Ticks() []float64 {
	var t []float64
	for i := range int((a.high-a.low)/a.step+1e-9) + 1 {
		t = append(t, a.low+float64(i)*a.step)
	}
	return t
}

// Decimals returns how many decimals the labels of ticks need.
func (a Axis) Decimals() int {
	return int(max(0, min(9, math.Ceil(-math.Log10(a.step)-1e-9))))
}

// Finite reports whether v is neither NaN nor infinite.
func Finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
