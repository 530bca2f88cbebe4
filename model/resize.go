package model

// Resizing, apart from any pixel format: a separable triangle ("bilinear")
// filter that is widened when shrinking, so that every source pixel counts
// (antialiasing), with pixel centres aligned: what PIL's and torchvision's
// antialiased bilinear resize computes. All of it is integer arithmetic, so
// that every machine gets the same bits.
//
// Columns go first, into samples of sampleBits fraction bits; these are
// rounded once more at the very end. PIL rounds to whole bytes in between,
// which costs accuracy and would save nothing here: a 16-bit sample is loaded
// as fast as a byte, and only a few rows of them exist at a time.

const (
	// weightBits: the weights of an output position add up to 1<<weightBits
	// exactly, so a constant picture stays constant. With 15 bits a weight
	// fits 16 bits, and 255.0 as a sample times the sum of the weights fits an
	// int32 too.
	weightBits = 15
	// sampleBits is the number of fraction bits between the two passes: the
	// largest sample, 255<<8, fits 16 bits.
	sampleBits = 8

	columnShift = weightBits - sampleBits // from a sum over columns to a sample
	rowShift    = weightBits + sampleBits // from a sum over rows to a byte
)

// axis holds what an output position along one axis reads: a window of source
// positions, as long for each, and a weight for each of the window.
type axis struct {
	taps    int      // source positions in a window
	first   []int    // where each output position's window begins
	weights []uint16 // taps for each output position
}

// plan fills the tables for a source of the given length that is scaled to
// another, for the output positions from … from+count-1 alone. They hold at
// most two weights a source position and two an output position.
//
// Lengths are counted in units of 1/(2*scaled) of a source pixel, in which
// all of them are whole: pixel j's centre is at (2j+1)*scaled, output i's at
// (2i+1)*source, and the triangle reaches 2*source (one output pixel) to each
// side when shrinking, 2*scaled (one source pixel) when enlarging.
func (a *axis) plan(source int, scaled, from int64, count int) {
	in, out := int64(source), scaled
	reach := 2 * max(in, out)
	taps := min(in, (reach+out-1)/out)
	a.taps = int(taps)
	a.first = a.first[:0]
	a.weights = a.weights[:0]
	for i := from; i < from+int64(count); i++ {
		centre := (2*i + 1) * in
		first := max((centre-reach+out)/(2*out), 0) // the first pixel inside the triangle
		first = min(first, in-taps)                 // at the far edge the window begins with zero weights
		a.first = append(a.first, int(first))
		a.appendWeights(taps, func(tap int64) int64 {
			pixel := (2*(first+tap) + 1) * out
			return max(reach-abs(pixel-centre), 0)
		})
	}
}

// appendWeights appends one window's heights of the triangle, scaled to the
// sum 1<<weightBits. The running sum is rounded, half to even, and the
// weights are its steps: each is less than one unit off, their sum is exact,
// and a mirrored window gets the mirrored weights.
func (a *axis) appendWeights(taps int64, height func(tap int64) int64) {
	var total int64
	for t := range taps {
		total += height(t)
	}
	var sum, before int64
	for t := range taps {
		sum += height(t)
		upTo := divideHalfEven(sum<<weightBits, total)
		a.weights = append(a.weights, uint16(upTo-before))
		before = upTo
	}
}

// window is the weights of output position i, counted from the first planned.
func (a *axis) window(i int) []uint16 { return a.weights[i*a.taps : (i+1)*a.taps] }

// divideHalfEven is n/d rounded to the nearest integer, halves to even; n >= 0, d > 0.
func divideHalfEven(n, d int64) int64 {
	q, r := n/d, n%d
	if 2*r > d || 2*r == d && q&1 == 1 {
		q++
	}
	return q
}

// addRow adds a row of samples times its weight to the sums.
func addRow(sums []uint32, row []uint16, weight uint16) {
	row = row[:len(sums)]
	for i, s := range row {
		sums[i] += uint32(weight) * uint32(s)
	}
}

// roundRow turns the sums over rows into bytes minus 128.
func roundRow(dst []int8, sums []uint32) {
	dst = dst[:len(sums)]
	for i, s := range sums {
		dst[i] = int8((s+1<<(rowShift-1))>>rowShift - 128)
	}
}
