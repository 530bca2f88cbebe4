package model

import "halfmeg/kernels"

// part is a part of an operation that one worker computes: a band of rows and, of each
// convolution, a range of output channels. Either may be empty.
type part struct {
	rows     kernels.Span
	column   int            // parts with the same rows have different columns
	channels []kernels.Span // of each convolution
}

// split cuts an operation into a number of parts: bands of rows, columns of
// channels, or a grid of both, whichever makes the largest part smallest. On a tie it prefers fewer columns: every column of a band reads the
// same input.
func split(rows int, channels []int, count int) []part {
	columns, least := 1, 0
	for c := 1; c <= count; c++ {
		if count%c > 0 {
			continue
		}
		work := ceilDiv(rows, count/c) * largestColumn(channels, c)
		if c == 1 || work < least {
			columns, least = c, work
		}
	}
	parts := make([]part, count)
	for i := range parts {
		parts[i].rows = fraction(rows, i/columns, count/columns)
		parts[i].column = i % columns
		for _, c := range channels {
			parts[i].channels = append(parts[i].channels, panels(c, i%columns, columns))
		}
	}
	return parts
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
