package model

import (
	"fmt"
	"slices"
)

// Preprocessor turns pictures into a network's input. It keeps its tables
// and buffers from frame to frame: while the source's size stays the same a
// frame allocates nothing. For one goroutine at a time.
type Preprocessor struct {
	in            Input
	width, height int // of the source that the tables are for
	columns, rows axis
	lines         []uint16 // the last rows.taps source rows with their columns resized
	sums          []uint32 // one output row
}

// NewPreprocessor makes a Preprocessor for the given rule.
func NewPreprocessor(in Input) (*Preprocessor, error) {
	if err := in.Validate(); err != nil {
		return nil, err
	}
	return &Preprocessor{in: in, sums: make([]uint32, 3*in.Size)}, nil
}

// Run fits a picture of any size to the network's input: dst has shape
// [Size][Size][3], channels in the network's order, each value a byte minus
// 128. Only what the centre crop keeps is computed. The result has the same
// bits on every machine.
func (p *Preprocessor) Run(dst []int8, src Pixels) error {
	line := 3 * p.in.Size
	if len(dst) != line*p.in.Size {
		return fmt.Errorf("the network's input has %d bytes, not %d", line*p.in.Size, len(dst))
	}
	if err := src.Validate(); err != nil {
		return err
	}
	if src.Width != p.width || src.Height != p.height {
		p.plan(src.Width, src.Height)
	}
	next := p.rows.first[0] // the first source row whose columns are not resized yet
	for y := range p.in.Size {
		first := p.rows.first[y]
		for ; next < first+p.rows.taps; next++ {
			p.resizeColumns(p.line(next), src.Data[next*src.Stride:][:3*src.Width])
		}
		clear(p.sums)
		for tap, weight := range p.rows.window(y) {
			addRow(p.sums, p.line(first+tap), weight)
		}
		roundRow(dst[y*line:], p.sums)
	}
	return nil
}

// plan makes the tables and buffers for sources of the given size.
func (p *Preprocessor) plan(width, height int) {
	p.width, p.height = width, height
	w, h := p.in.scaled(width, height)
	p.columns.plan(width, w, p.in.cropOffset(w), p.in.Size)
	p.rows.plan(height, h, p.in.cropOffset(h), p.in.Size)
	need := p.rows.taps * 3 * p.in.Size
	p.lines = slices.Grow(p.lines[:0], need)[:need]
}

// line is the place of a source row's resized columns: as many rows are kept
// as an output row reads.
func (p *Preprocessor) line(row int) []uint16 {
	n := 3 * p.in.Size
	return p.lines[row%p.rows.taps*n:][:n]
}

// resizeColumns resizes one row of packed RGB to Size samples a channel, in
// the network's channel order.
func (p *Preprocessor) resizeColumns(dst []uint16, row []byte) {
	red, blue := 0, 2
	if p.in.Order == BGR {
		red, blue = 2, 0
	}
	const half = 1 << (columnShift - 1)
	for x, first := range p.columns.first {
		var r, g, b uint32
		at := 3 * first
		for _, weight := range p.columns.window(x) {
			w, pixel := uint32(weight), row[at:at+3]
			r += w * uint32(pixel[0])
			g += w * uint32(pixel[1])
			b += w * uint32(pixel[2])
			at += 3
		}
		out := dst[3*x : 3*x+3]
		out[red] = uint16((r + half) >> columnShift)
		out[1] = uint16((g + half) >> columnShift)
		out[blue] = uint16((b + half) >> columnShift)
	}
}

// scaled is the size to which a whole source is scaled before the crop. With
// Crop the long side is rounded down, as torchvision's Resize does.
func (in Input) scaled(width, height int) (w, h int64) {
	side := int64(in.Resize)
	switch in.Fit {
	case Squash:
		return side, side
	case Crop:
		short := int64(min(width, height))
		return int64(width) * side / short, int64(height) * side / short
	default:
		return int64(in.Size), int64(in.Size)
	}
}

// cropOffset is where the centre crop begins along a scaled side. When it
// cannot be in the middle, Caffe rounds down and torchvision half to even.
func (in Input) cropOffset(scaled int64) int64 {
	margin := scaled - int64(in.Size)
	if in.Fit == Crop {
		return divideHalfEven(margin, 2)
	}
	return margin / 2
}
