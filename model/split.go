package model

import (
	"runtime"

	"halfmeg/kernels"
)

// part is a part of an operation that one worker computes: a band of rows and, of
// each convolution, a range of output channels. Either may be empty.
type part struct {
	rows     kernels.Span
	column   int            // parts with the same rows have different columns
	channels []kernels.Span // of each convolution
}

// split partitions an operation among workers: into bands of rows, columns of
// channels, or a grid of both, whichever leaves the busiest worker the least
// work. More columns must save a sixteenth: every column of a band reads the same
// input, and workers that write the same pixels share cache lines.
func split(rows int, channels []int, workers int) []part {
	columns, least := 1, 0
	for c := 1; c <= workers; c++ {
		if workers%c > 0 {
			continue
		}
		work := ceilDiv(rows, workers/c) * largestColumn(channels, c)
		if c == 1 || 16*work < 15*least {
			columns, least = c, work
		}
	}
	parts := make([]part, workers)
	for i := range parts {
		parts[i].rows = fraction(rows, i/columns, workers/columns)
		parts[i].column = i % columns
		for _, c := range channels {
			parts[i].channels = append(parts[i].channels, panels(c, i%columns, columns))
		}
	}
	return parts
}

// preferBands is true where the kernels read a band of the input once for all
// channels. Elsewhere they read the weights once for all rows, so that more bands
// cost more than more columns.
const preferBands = runtime.GOARCH == "amd64"

// cut cuts a part into pieces: bands, of two rows or more because lower ones have
// too many incomplete tiles, or else columns. It may return fewer.
func (p part) cut(pieces int) []part {
	rows := p.rows.To - p.rows.From
	if preferBands && rows >= 4 {
		pieces = min(pieces, rows/2)
	}
	list := make([]part, pieces)
	for i := range list {
		list[i] = p
		if rows >= 2*pieces || len(p.channels) == 0 {
			list[i].rows = within(p.rows, fraction(rows, i, pieces))
			continue
		}
		list[i].column = p.column*pieces + i
		list[i].channels = nil
		for _, c := range p.channels {
			list[i].channels = append(list[i].channels, within(c, panels(c.To-c.From, i, pieces)))
		}
	}
	return list
}

// within returns a span that is relative to the start of another one.
func within(outer, s kernels.Span) kernels.Span {
	return kernels.Span{From: outer.From + s.From, To: outer.From + s.To}
}

// fraction returns the i-th of n fractions of a count, as even as possible.
func fraction(count, i, n int) kernels.Span {
	return kernels.Span{From: count * i / n, To: count * (i + 1) / n}
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// panels returns the i-th of n fractions of the channels, in multiples of
// kernels.ChannelAlign.
func panels(channels, i, n int) kernels.Span {
	s := fraction(ceilDiv(channels, kernels.ChannelAlign), i, n)
	return kernels.Span{From: min(s.From*kernels.ChannelAlign, channels), To: min(s.To*kernels.ChannelAlign, channels)}
}

// largestColumn returns the number of channels in the largest of n columns.
func largestColumn(channels []int, n int) int {
	if len(channels) == 0 {
		return 1 // not a convolution: split by rows only
	}
	largest := 0
	for i := range n {
		sum := 0
		for _, c := range channels {
			s := panels(c, i, n)
			sum += s.To - s.From
		}
		largest = max(largest, sum)
	}
	return largest
}
