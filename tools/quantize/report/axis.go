package report

import "math"

// axis maps values low…high to places from…to, in whatever unit these are.
type axis struct {
	low, high float64
	from, to  float64
	step      float64 // from tick to tick
}

// farthest bounds what an axis shows, so that no sum overflows.
const farthest = 1e300

// newAxis covers all finite values with about so many round steps.
func newAxis(values []float64, steps int, from, to float64) axis {
	low, high := math.Inf(1), math.Inf(-1)
	for _, v := range values {
		if finite(v) {
			v = max(-farthest, min(farthest, v))
			low, high = min(low, v), max(high, v)
		}
	}
	switch {
	case low > high:
		low, high = 0, 1
	case low == high && low == 0:
		high = 1
	case low == high: // room on both sides
		room := math.Abs(low) / 100
		low, high = low-room, high+room
	}
	step := roundStep((high - low) / float64(steps))
	return axis{low: math.Floor(low/step) * step, high: math.Ceil(high/step) * step, from: from, to: to, step: step}
}

// roundStep is the next of 1, 2, 5, 10, … that is not less.
func roundStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= v*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// at is the place of a value; what is off the axis is at its end.
func (a axis) at(v float64) float64 {
	part := max(0, min(1, (v-a.low)/(a.high-a.low)))
	return a.from + part*(a.to-a.from)
}

// whole has ticks at whole numbers only.
func (a axis) whole() axis {
	if a.step < 1 {
		a.step, a.low, a.high = 1, math.Floor(a.low), math.Ceil(a.high)
	}
	return a
}

// upTo ends the axis at a value that is more than its low end.
func (a axis) upTo(high float64) axis {
	if high > a.low {
		a.high = high
	}
	return a
}

// length is how long a bar of the given value is.
func (a axis) length(v float64) float64 { return a.at(a.low+v) - a.from }

// ticks are the values to label.
func (a axis) ticks() []float64 {
	var t []float64
	for i := range int((a.high-a.low)/a.step+1e-9) + 1 {
		t = append(t, a.low+float64(i)*a.step)
	}
	return t
}

// decimals is how many a tick's label needs.
func (a axis) decimals() int {
	return int(max(0, min(9, math.Ceil(-math.Log10(a.step)-1e-9))))
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
