package prep

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWeightsByHand(t *testing.T) {
	var a axis
	a.plan(4, side{scaled: 2, count: 2})
	// 3/7, 6/7, 7/7, 7/7 of 32768 are 14043.4, 28086.9, 32768, 32768.
	require.Equal(t, []uint16{14043, 14044, 4681, 0, 0, 4681, 14044, 14043}, a.weights)
	require.Equal(t, []int{0, 0}, a.first)
	a.plan(5, side{scaled: 5, from: 1, count: 3})
	require.Equal(t, []uint16{32768, 0, 32768, 0, 32768, 0}, a.weights)
	require.Equal(t, []int{1, 2, 3}, a.first)
}

// TestWeights checks every window for what all of them promise.
func TestWeights(t *testing.T) {
	var a axis
	for source := 1; source <= 40; source++ {
		for scaled := int64(1); scaled <= 40; scaled++ {
			count := int(scaled)
			a.plan(source, side{scaled: scaled, count: count})
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

func TestChromaWeightsByHand(t *testing.T) {
	var a axis
	// Pixels of 4 as they are: the outer ones have one sample alone, each
	// inner one 3/4 of its own.
	a.planChroma(4, side{scaled: 4, count: 4})
	require.Equal(t, []uint16{32768, 0, 24576, 8192, 8192, 24576, 0, 32768}, a.weights)
	// Of 5 pixels the last has a sample of its own, but as far away from it as
	// the others are from theirs.
	a.planChroma(5, side{scaled: 5, from: 3, count: 2})
	require.Equal(t, []int{0, 0}, a.first)
	require.Equal(t, []uint16{0, 24576, 8192, 0, 8192, 24576}, a.weights)
}

// TestChromaWeights: whatever the size, windows lie inside and add up to one,
// and reversed tables are those of the mirrored source.
func TestChromaWeights(t *testing.T) {
	for source := 1; source <= 40; source++ {
		for scaled := int64(1); scaled <= 40; scaled++ {
			var a, reversed axis
			out := side{scaled: scaled, count: int(scaled)}
			a.planChroma(source, out)
			out.reversed = true
			reversed.planChroma(source, out)
			for i := range out.count {
				require.GreaterOrEqual(t, a.first[i], 0)
				require.LessOrEqual(t, a.first[i]+a.taps, (source+1)/2)
				sum := 0
				for _, w := range a.window(i) {
					sum += int(w)
				}
				require.Equal(t, 1<<weightBits, sum, "%d to %d, output %d", source, scaled, i)
				require.Equal(t, a.window(i), reversed.window(out.count-1-i))
				require.Equal(t, a.first[i], reversed.first[out.count-1-i])
			}
		}
	}
}
