package model

import "halfmeg/kernels"

// part is what one worker computes of an operation: some rows, and of every
// convolution in it a fraction of the output channels.
type part struct {
	rows     kernels.Span
	column   int
	channels []kernels.Span // of each convolution
}

// cut cuts an operation up for a number of workers: into bands of rows,
// into groups of channels, or both, whichever leaves the busiest worker the
// least. Bands come first, for they read less twice. Parts may be empty.
func cut(rows int, channels []int, workers int) []part {
	best, least := 1, 0
	for columns := 1; columns <= workers; columns++ {
		if workers%columns > 0 {
			continue
		}
		work := most(rows, workers/columns) * mostChannels(channels, columns)
		if columns == 1 || work < least {
			best, least = columns, work
		}
	}
	parts := make([]part, workers)
	for i := range parts {
		parts[i].rows = fraction(rows, i/best, workers/best)
		parts[i].column = i % best
		for _, c := range channels {
			parts[i].channels = append(parts[i].channels, panels(c, i%best, best))
		}
	}
	return parts
}

// fraction is the i-th of n even fractions of a count.
func fraction(count, i, n int) kernels.Span {
	return kernels.Span{From: count * i / n, To: count * (i + 1) / n}
}

// most is the largest of these fractions.
func most(count, n int) int { return (count + n - 1) / n }

// panels is the i-th of n fractions of the channels, in whole panels.
func panels(channels, i, n int) kernels.Span {
	s := fraction(most(channels, kernels.Panel), i, n)
	return kernels.Span{From: min(s.From*kernels.Panel, channels), To: min(s.To*kernels.Panel, channels)}
}

// mostChannels is the largest sum of these fractions.
func mostChannels(channels []int, n int) int {
	if len(channels) == 0 {
		return 1 // all the same: only rows count
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
