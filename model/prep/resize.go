package prep

import (
	"slices"

	"halfmeg/kernels/resample"
)

// Resizing, apart from any pixel format: a separable triangle ("bilinear")
// filter that is widened when shrinking, so that every source pixel counts
// (antialiasing), with pixel centres aligned: what PIL's and torchvision's
// antialiased bilinear resize computes. All of it is integer arithmetic, so
// that every machine gets the same bits.
//
// Between the two passes samples keep some fraction bits; they are rounded
// once more at the very end. PIL rounds to whole bytes in between, which costs
// accuracy and would save nothing here: a 16-bit sample is loaded as fast as a
// byte, and only a few rows of them exist at a time.

// weightBits: the weights of an output position add up to 1<<weightBits
// exactly, so a constant picture stays constant. With 15 bits a weight fits 16
// bits, and 255.0 as a sample times the sum of the weights fits an int32 too.
const weightBits = resample.TapBits

// axis holds what an output position along one axis reads: a window of source
// samples, as long for each, and a weight for each of the window.
type axis struct {
	taps    int      // source samples in a window
	first   []int    // where each output position's window begins
	weights []uint16 // taps for each output position
}

// side is one side of the output: a window of the scaled source, which is
// reversed if the source has to be mirrored along it.
type side struct {
	scaled   int64 // length of the whole source
	from     int64 // where the window begins
	count    int   // how long it is
	reversed bool
}

// plan fills the tables for a source of the given length, for the output
// positions of one side alone. They hold at most two weights a source pixel
// and two an output position.
//
// Lengths are counted in units of 1/(2*scaled) of a source pixel, in which
// all of them are whole: pixel j's centre is at (2j+1)*scaled, output i's at
// (2i+1)*source, and the triangle reaches 2*source (one output pixel) to each
// side when shrinking, 2*scaled (one source pixel) when enlarging.
func (a *axis) plan(source int, out side) {
	a.planWindows(source, out, func(pixels window) window { return pixels })
}

// planChroma does the same for a source with one sample in the middle of every
// two pixels. Each pixel has 3/4 of its own sample and 1/4 of the other one
// that is near, or all of its own at the edge where there is no other, and the
// triangle weighs pixels: so it is as if chroma were first brought to every
// pixel.
func (a *axis) planChroma(source int, out side) {
	a.planWindows(source, out, func(pixels window) window { return pixels.chroma(int64(source)) })
}

// window is what an output position reads: how many samples from the first,
// with weights in any unit.
type window struct {
	first, taps int64
	height      func(at int64) int64
}

func (a *axis) planWindows(source int, out side, samples func(pixels window) window) {
	a.first = a.first[:0]
	a.weights = a.weights[:0]
	for k := range int64(out.count) {
		i := out.from + k
		if out.reversed {
			i = out.scaled - 1 - i
		}
		w := samples(triangleWindow(int64(source), out.scaled, i))
		a.taps = int(w.taps)
		a.first = append(a.first, int(w.first))
		a.appendWeights(w)
	}
}

// triangleWindow is the pixels that position i of the scaled source reads.
func triangleWindow(in, out, i int64) window {
	centre, reach := (2*i+1)*in, 2*max(in, out)
	taps := min(in, divideUp(reach, out))
	first := max((centre-reach+out)/(2*out), 0) // the first pixel inside the triangle
	first = min(first, in-taps)                 // at the far edge the window begins with zero weights
	return window{first, taps, func(pixel int64) int64 {
		return max(reach-abs((2*pixel+1)*out-centre), 0)
	}}
}

// chroma is the samples that a window of pixels reads, of a source so long.
func (w window) chroma(pixels int64) window {
	samples := divideUp(pixels, 2)
	taps := min(samples, w.taps/2+2)
	first := min(max(w.first-1, 0)/2, samples-taps)
	height := func(pixel int64) int64 {
		switch {
		case pixel < 0:
			pixel = 0 // which has all of the first sample
		case pixel == pixels && pixels%2 == 0:
			pixel-- // which has all of the last sample
		case pixel >= pixels:
			return 0
		}
		return w.height(pixel)
	}
	return window{first, taps, func(s int64) int64 {
		return height(2*s-1) + 3*height(2*s) + 3*height(2*s+1) + height(2*s+2)
	}}
}

// appendWeights appends one window's heights of the triangle, scaled to the
// sum 1<<weightBits. The running sum is rounded, half to even, and the
// weights are its steps: each is less than one unit off, their sum is exact,
// and a mirrored window gets the mirrored weights.
func (a *axis) appendWeights(w window) {
	var total int64
	for t := range w.taps {
		total += w.height(w.first + t)
	}
	var sum, before int64
	for t := range w.taps {
		sum += w.height(w.first + t)
		upTo := divideHalfEven(sum<<weightBits, total)
		a.weights = append(a.weights, uint16(upTo-before))
		before = upTo
	}
}

// window is the weights of output position i, counted from the first planned.
func (a *axis) window(i int) []uint16 { return a.weights[i*a.taps : (i+1)*a.taps] }

// reads is the range of source samples that the windows lie in.
func (a *axis) reads() (from, to int) {
	return slices.Min(a.first), slices.Max(a.first) + a.taps
}

// divideUp is n/d rounded up; n >= 0, d > 0.
func divideUp(n, d int64) int64 { return (n + d - 1) / d }

// divideHalfEven is n/d rounded to the nearest integer, halves to even; n >= 0, d > 0.
func divideHalfEven(n, d int64) int64 {
	q, r := n/d, n%d
	if 2*r > d || 2*r == d && q&1 == 1 {
		q++
	}
	return q
}

func abs(v int64) int64 { return max(v, -v) }
