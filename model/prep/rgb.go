package prep

import (
	"slices"

	"halfmeg/camera/pixel"
	"halfmeg/model"
)

const (
	// sampleBits is the number of fraction bits between the two passes: the
	// largest sample, 255<<8, fits 16 bits.
	sampleBits = 8

	columnShift = weightBits - sampleBits // from a sum over columns to a sample
	rowShift    = weightBits + sampleBits // from a sum over rows to a byte
)

// rgbResizer resizes packed pixels. Columns go first: the embedded networks
// and their golden answers were made so.
type rgbResizer struct {
	columns, rows axis
	red, blue     int      // places in the output of a pixel's first and last byte
	next          int      // the next source row whose columns are not resized yet, or -1
	lines         []uint16 // rows.taps source rows with their columns resized
	sums          []uint32 // one output row
}

// plan makes the tables and buffers.
func (r *rgbResizer) plan(l layout, alongRows, alongColumns side, order model.Order) {
	r.columns.plan(l.width, alongRows)
	r.rows.plan(l.height, alongColumns)
	r.red, r.blue = 0, 2
	if (order == model.BGR) != (l.fourCC == pixel.BGR24) {
		r.red, r.blue = 2, 0
	}
	line := 3 * alongRows.count
	r.lines = slices.Grow(r.lines[:0], r.rows.taps*line)[:r.rows.taps*line]
	r.sums = slices.Grow(r.sums[:0], line)[:line]
}

// begin forgets the frame before.
func (r *rgbResizer) begin() { r.next = -1 }

// row writes the output that lies along the source's rows at this position.
// The windows of successive calls must go down the source.
func (r *rgbResizer) row(dst []int8, src *pixel.Image, at int) {
	first := r.rows.first[at]
	if r.next < 0 {
		r.next = first
	}
	for ; r.next < first+r.rows.taps; r.next++ {
		r.resizeColumns(r.line(r.next), src.Planes[0].Data[r.next*src.Planes[0].Stride:][:3*src.Width])
	}
	clear(r.sums)
	for tap, weight := range r.rows.window(at) {
		addRow(r.sums, r.line(first+tap), weight)
	}
	roundRow(dst, r.sums)
}

// line is the place of a source row's resized columns: as many rows are kept
// as an output row reads.
func (r *rgbResizer) line(row int) []uint16 {
	n := len(r.sums)
	return r.lines[row%r.rows.taps*n:][:n]
}

// resizeColumns resizes one row of packed pixels to as many samples a channel
// as the output has, in the network's channel order.
func (r *rgbResizer) resizeColumns(dst []uint16, row []byte) {
	const half = 1 << (columnShift - 1)
	for x, first := range r.columns.first {
		var red, green, blue uint32
		at := 3 * first
		for _, weight := range r.columns.window(x) {
			w, pixel := uint32(weight), row[at:at+3]
			red += w * uint32(pixel[0])
			green += w * uint32(pixel[1])
			blue += w * uint32(pixel[2])
			at += 3
		}
		out := dst[3*x : 3*x+3]
		out[r.red] = uint16((red + half) >> columnShift)
		out[1] = uint16((green + half) >> columnShift)
		out[r.blue] = uint16((blue + half) >> columnShift)
	}
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
