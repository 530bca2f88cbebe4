package model

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPartsCoverEverythingOnce for all shapes around a few workers.
func TestPartsCoverEverythingOnce(t *testing.T) {
	for _, channels := range [][]int{nil, {1}, {16}, {48}, {1000}, {64, 64}, {5, 33}} {
		for _, rows := range []int{1, 2, 13, 14, 56} {
			for _, workers := range []int{1, 2, 3, 4, 5, 8} {
				requireCover(t, rows, channels, cut(rows, channels, workers))
			}
		}
	}
}

func requireCover(t *testing.T, rows int, channels []int, parts []part) {
	t.Helper()
	for i, count := range append([]int{1}, channels...) {
		seen := make([]int, rows*count)
		for _, p := range parts {
			from, to := 0, 1
			if i > 0 {
				from, to = p.channels[i-1].From, p.channels[i-1].To
			} else if p.column > 0 {
				continue // what is done once a row is the first column's
			}
			for y := p.rows.From; y < p.rows.To; y++ {
				for c := from; c < to; c++ {
					seen[y*count+c]++
				}
			}
		}
		for at, times := range seen {
			require.Equal(t, 1, times, "%d rows, channels %v, %d workers: row %d, channel %d of %d", rows, channels, len(parts), at/count, at%count, count)
		}
	}
}

// TestFourWorkersStayBusy on v1.1, whose last maps have 14 rows: of all
// multiply-accumulates, what the busiest workers do is hardly over a fourth.
func TestFourWorkersStayBusy(t *testing.T) {
	steps, err := V11().Steps()
	require.NoError(t, err)
	var busiest, all float64
	for _, s := range steps {
		if s.Kind == Pool {
			continue
		}
		rows := s.OutSize
		if s.Kind == Conv10 {
			rows = 1
		}
		largest := 0
		for _, p := range cut(rows, []int{s.Out}, 4) {
			largest = max(largest, (p.rows.To-p.rows.From)*(p.channels[0].To-p.channels[0].From))
		}
		busiest += float64(s.MACs()) * float64(largest) / float64(rows*s.Out)
		all += float64(s.MACs())
	}
	require.LessOrEqual(t, busiest/all, 0.256)
}
