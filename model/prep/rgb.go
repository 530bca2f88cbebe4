package prep

import (
	"slices"

	"halfmeg/camera/pixel"
	"halfmeg/model"
)

const (
	// lineBits is the number of fraction bits between the passes: the largest
	// sample, 255<<8, fits a uint16.
	lineBits = 8

	horizontalShift = tapBits - lineBits // from a sum of the horizontal pass to a sample
	verticalShift   = tapBits + lineBits // from a sum of the vertical pass to a byte
)

// rgbResizer resizes packed RGB. The horizontal pass is first: rounding depends on
// the order, and the embedded networks were quantized and tested with this one.
type rgbResizer struct {
	horizontal, vertical polyphase

	red, blue int      // index in an output pixel of a source pixel's first and last byte
	next      int      // the next source row for the horizontal pass, or -1 before the first
	lines     []uint16 // ring buffer of vertical.window rows after the horizontal pass
	sums      []uint32 // of one output row
}

// configure computes the filters and allocates buffers.
func (r *rgbResizer) configure(s sourceFormat, horizontal, vertical outputAxis, order model.Order) {
	r.horizontal.design(s.width, horizontal)
	r.vertical.design(s.height, vertical)
	r.red, r.blue = 0, 2
	if (order == model.BGR) != (s.fourCC == pixel.BGR24) {
		r.red, r.blue = 2, 0
	}
	line := 3 * horizontal.count
	r.lines = slices.Grow(r.lines[:0], r.vertical.window*line)[:r.vertical.window*line]
	r.sums = slices.Grow(r.sums[:0], line)[:line]
}

// reset discards the rows of the previous frame.
func (r *rgbResizer) reset() { r.next = -1 }

// resizeRow computes output row y. Successive calls must go down the source.
func (r *rgbResizer) resizeRow(dst []int8, src *pixel.Image, y int) {
	first := r.vertical.first[y]
	if r.next < 0 {
		r.next = first
	}
	plane := src.Planes[0]
	for ; r.next < first+r.vertical.window; r.next++ {
		r.filterHorizontally(r.line(r.next), plane.Data[r.next*plane.Stride:][:3*src.Width])
	}
	clear(r.sums)
	for t, tap := range r.vertical.tapsOf(y) {
		accumulate(r.sums, r.line(first+t), tap)
	}
	roundRow(dst, r.sums)
}

// line returns the ring buffer's entry for a source row.
func (r *rgbResizer) line(row int) []uint16 {
	n := len(r.sums)
	return r.lines[row%r.vertical.window*n:][:n]
}

// filterHorizontally runs the horizontal pass on a row of packed pixels. It writes
// channels in the network's order.
func (r *rgbResizer) filterHorizontally(dst []uint16, row []byte) {
	const half = 1 << (horizontalShift - 1)
	for x, first := range r.horizontal.first {
		var red, green, blue uint32
		at := 3 * first
		for _, t := range r.horizontal.tapsOf(x) {
			tap, pixel := uint32(t), row[at:at+3]
			red += tap * uint32(pixel[0])
			green += tap * uint32(pixel[1])
			blue += tap * uint32(pixel[2])
			at += 3
		}
		out := dst[3*x : 3*x+3]
		out[r.red] = uint16((red + half) >> horizontalShift)
		out[1] = uint16((green + half) >> horizontalShift)
		out[r.blue] = uint16((blue + half) >> horizontalShift)
	}
}

// accumulate adds tap*row to sums.
func accumulate(sums []uint32, row []uint16, tap uint16) {
	row = row[:len(sums)]
	for i, s := range row {
		sums[i] += uint32(tap) * uint32(s)
	}
}

// roundRow rounds the sums of the vertical pass to bytes minus 128.
func roundRow(dst []int8, sums []uint32) {
	dst = dst[:len(sums)]
	for i, s := range sums {
		dst[i] = int8((s+1<<(verticalShift-1))>>verticalShift - 128)
	}
}
