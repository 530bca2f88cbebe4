package model

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWeightsByHand(t *testing.T) {
	var a axis
	a.plan(4, 2, 0, 2)
	// 3/7, 6/7, 7/7, 7/7 of 32768 are 14043.4, 28086.9, 32768, 32768.
	require.Equal(t, []uint16{14043, 14044, 4681, 0, 0, 4681, 14044, 14043}, a.weights)
	require.Equal(t, []int{0, 0}, a.first)
	a.plan(5, 5, 1, 3)
	require.Equal(t, []uint16{32768, 0, 32768, 0, 32768, 0}, a.weights)
	require.Equal(t, []int{1, 2, 3}, a.first)
}

// TestWeights checks every window for what all of them promise.
func TestWeights(t *testing.T) {
	var a axis
	for source := 1; source <= 40; source++ {
		for scaled := int64(1); scaled <= 40; scaled++ {
			count := int(scaled)
			a.plan(source, scaled, 0, count)
			require.Len(t, a.weights, count*a.taps)
			for i := range count {
				window, mirrored := a.window(i), a.window(count-1-i)
				require.GreaterOrEqual(t, a.first[i], 0)
				require.LessOrEqual(t, a.first[i]+a.taps, source)
				sum := 0
				for k, w := range window {
					sum += int(w)
					if j := source - 1 - (a.first[i] + k) - a.first[count-1-i]; j >= 0 && j < a.taps {
						require.Equal(t, w, mirrored[j], "%d to %d, output %d", source, scaled, i)
					} else {
						require.Zero(t, w)
					}
				}
				require.Equal(t, 1<<weightBits, sum, "%d to %d, output %d", source, scaled, i)
			}
		}
	}
}
