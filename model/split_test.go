package model

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSplitCoversEverythingOnce checks that every row and channel is in one part.
func TestSplitCoversEverythingOnce(t *testing.T) {
	for _, channels := range [][]int{nil, {1}, {16}, {48}, {1000}, {64, 64}, {5, 33}} {
		for _, rows := range []int{1, 2, 13, 14, 56} {
			for _, workers := range []int{1, 2, 3, 4, 5, 8} {
				parts := split(rows, channels, workers)
				requireCover(t, rows, channels, parts)
				for _, pieces := range []int{1, 2, 3, 4} {
					var cut []part
					for _, p := range parts {
						cut = append(cut, p.cut(pieces)...)
					}
					requireCover(t, rows, channels, cut)
				}
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
				continue // work that is done once for a row belongs to column 0
			}
			for y := p.rows.From; y < p.rows.To; y++ {
				for c := from; c < to; c++ {
					seen[y*count+c]++
				}
			}
		}
		for at, times := range seen {
			require.Equal(t, 1, times, "%d rows, channels %v, %d parts: row %d, channel %d of %d", rows, channels, len(parts), at/count, at%count, count)
		}
	}
}

// TestFourWorkersStayBusy on v1.1, whose last maps have 14 rows: the busiest
// workers of the operations, taken together, compute barely more than a
// quarter of all multiply-accumulates.
func TestFourWorkersStayBusy(t *testing.T) {
	g, err := V11().Graph()
	require.NoError(t, err)
	var busiest, all int64
	for _, tensor := range g.Tensors {
		shared := tensor.Writers // by one operation
		if len(shared) == 0 || shared[0].Kind == Pool {
			continue
		}
		var channels []int
		for _, s := range shared {
			channels = append(channels, s.Out)
			all += s.MACs()
		}
		rows, pixels := shared[0].OutSize, shared[0].OutSize
		if shared[0].Kind == Conv10 {
			rows, pixels = 1, pixels*pixels
		}
		largest := int64(0)
		for _, p := range split(rows, channels, 4) {
			work := int64(0)
			for i, s := range shared {
				work += int64((p.rows.To - p.rows.From) * (p.channels[i].To - p.channels[i].From) * pixels * s.Weights() / s.Out)
			}
			largest = max(largest, work)
		}
		busiest += largest
	}
	require.Equal(t, int64(387_747_520), all)
	require.LessOrEqual(t, busiest, all*256/1000)
}
