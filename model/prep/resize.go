package prep

import (
	"slices"

	"halfmeg/kernels/resample"
)

// The resize filter is a separable triangle ("bilinear") with aligned pixel
// centres, widened when shrinking so that every source pixel counts
// (antialiasing). PIL's and torchvision's antialiased bilinear resize computes the
// same, except that PIL rounds to bytes between the passes: here samples keep
// fraction bits and are rounded again only at the end. That costs nothing, for a
// 16-bit sample is loaded as fast as a byte and only a few rows are held at a time.

// tapBits is the number of fraction bits of a tap. The taps of an output position
// sum to exactly 1<<tapBits, so a constant picture stays constant. With 15 bits a
// tap fits a uint16, and the weighted sum of samples up to 255.0 (8 fraction bits)
// a uint32.
const tapBits = resample.TapBits

// polyphase is a resize filter along one axis: each output position has a window
// of source samples, which all have the same length, and taps of its own.
type polyphase struct {
	window int      // source samples per output position
	first  []int    // first source sample of each output position
	taps   []uint16 // [position][window]
}

// outputAxis is one axis of the output, a crop of the scaled source.
type outputAxis struct {
	scaled   int64 // length of the uncropped axis
	offset   int64 // where the crop starts
	count    int   // length of the crop
	reversed bool  // whether the source is mirrored along this axis
}

// design computes the filter for a source axis of the given length, for the output
// positions of the crop only. It has at most two taps per source pixel plus two per
// output position.
//
// Lengths are in units of 1/(2*scaled) source pixels, which makes all of them
// integers: the centre of source pixel j is at (2j+1)*scaled, that of output pixel
// i at (2i+1)*source, and the triangle extends 2*source (one output pixel) to each
// side when shrinking, 2*scaled (one source pixel) when enlarging.
func (p *polyphase) design(source int, out outputAxis) {
	p.designWindows(source, out, func(pixels window) window { return pixels })
}

// designChroma is design for subsampled chroma, sited midway between the two pixels
// of each pair. It folds linear upsampling into the filter: a pixel's chroma is 3/4
// of its own sample plus 1/4 of the nearest other one, or its own at an edge.
func (p *polyphase) designChroma(source int, out outputAxis) {
	p.designWindows(source, out, func(pixels window) window { return pixels.chroma(int64(source)) })
}

// window is the source window of an output position: samples first to
// first+length-1, with weights in any unit.
type window struct {
	first, length int64
	weight        func(sample int64) int64
}

func (p *polyphase) designWindows(source int, out outputAxis, samples func(pixels window) window) {
	p.first = p.first[:0]
	p.taps = p.taps[:0]
	for k := range int64(out.count) {
		i := out.offset + k
		if out.reversed {
			i = out.scaled - 1 - i
		}
		w := samples(triangleWindow(int64(source), out.scaled, i))
		p.window = int(w.length)
		p.first = append(p.first, int(w.first))
		p.appendTaps(w)
	}
}

// triangleWindow returns the window of pixels of position i, for an axis of length
// in that is scaled to length out.
func triangleWindow(in, out, i int64) window {
	centre, radius := (2*i+1)*in, 2*max(in, out)
	length := min(in, divideUp(radius, out))
	first := max((centre-radius+out)/(2*out), 0) // the first pixel inside the triangle
	first = min(first, in-length)                // at the far edge the window starts with zero weights
	return window{first, length, func(pixel int64) int64 {
		return max(radius-abs((2*pixel+1)*out-centre), 0)
	}}
}

// chroma converts a window of pixels, of an axis with the given number of pixels,
// to one of chroma samples.
func (w window) chroma(pixels int64) window {
	samples := divideUp(pixels, 2)
	length := min(samples, w.length/2+2)
	first := min(max(w.first-1, 0)/2, samples-length)
	weight := func(pixel int64) int64 {
		switch {
		case pixel < 0:
			pixel = 0 // the first pixel has only the first sample
		case pixel == pixels && pixels%2 == 0:
			pixel-- // the last pixel has only the last sample
		case pixel >= pixels:
			return 0
		}
		return w.weight(pixel)
	}
	return window{first, length, func(s int64) int64 {
		return weight(2*s-1) + 3*weight(2*s) + 3*weight(2*s+1) + weight(2*s+2)
	}}
}

// appendTaps appends a window's weights, normalized to the sum 1<<tapBits. Taps are
// the differences of the running sum, rounded half to even: each is off by less
// than one unit, their sum is exact, and a mirrored window has the mirrored taps.
func (p *polyphase) appendTaps(w window) {
	var total int64
	for t := range w.length {
		total += w.weight(w.first + t)
	}
	var sum, previous int64
	for t := range w.length {
		sum += w.weight(w.first + t)
		rounded := divideHalfEven(sum<<tapBits, total)
		p.taps = append(p.taps, uint16(rounded-previous))
		previous = rounded
	}
}

// tapsOf returns the taps of output position i, counted from the start of the crop.
func (p *polyphase) tapsOf(i int) []uint16 { return p.taps[i*p.window : (i+1)*p.window] }

// sourceRange returns the source samples [from, to) that the filter reads.
func (p *polyphase) sourceRange() (from, to int) {
	return slices.Min(p.first), slices.Max(p.first) + p.window
}

// divideUp returns n/d rounded up; n >= 0, d > 0.
func divideUp(n, d int64) int64 { return (n + d - 1) / d }

// divideHalfEven returns n/d rounded half to even; n >= 0, d > 0.
func divideHalfEven(n, d int64) int64 {
	q, r := n/d, n%d
	if 2*r > d || 2*r == d && q&1 == 1 {
		q++
	}
	return q
}

func abs(v int64) int64 { return max(v, -v) }
