package prep

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTapsByHand(t *testing.T) {
	var p polyphase
	p.design(4, outputAxis{scaled: 2, count: 2})
	// 3/7, 6/7, 7/7, 7/7 of 32768 are 14043.4, 28086.9, 32768, 32768.
	require.Equal(t, []uint16{14043, 14044, 4681, 0, 0, 4681, 14044, 14043}, p.taps)
	require.Equal(t, []int{0, 0}, p.first)
	p.design(5, outputAxis{scaled: 5, offset: 1, count: 3})
	require.Equal(t, []uint16{32768, 0, 32768, 0, 32768, 0}, p.taps)
	require.Equal(t, []int{1, 2, 3}, p.first)
}

// TestTaps checks that windows lie in the source, that taps sum to one and that
// mirrored positions have mirrored taps.
func TestTaps(t *testing.T) {
	var p polyphase
	for source := 1; source <= 40; source++ {
		for scaled := int64(1); scaled <= 40; scaled++ {
			count := int(scaled)
			p.design(source, outputAxis{scaled: scaled, count: count})
			require.Len(t, p.taps, count*p.window)
			for i := range count {
				taps, mirrored := p.tapsOf(i), p.tapsOf(count-1-i)
				require.GreaterOrEqual(t, p.first[i], 0)
				require.LessOrEqual(t, p.first[i]+p.window, source)
				sum := 0
				for k, w := range taps {
					sum += int(w)
					if j := source - 1 - (p.first[i] + k) - p.first[count-1-i]; j >= 0 && j < p.window {
						require.Equal(t, w, mirrored[j], "%d to %d, output %d", source, scaled, i)
					} else {
						require.Zero(t, w)
					}
				}
				require.Equal(t, 1<<tapBits, sum, "%d to %d, output %d", source, scaled, i)
			}
		}
	}
}

func TestChromaTapsByHand(t *testing.T) {
	var p polyphase
	// 4 pixels, not scaled: the outer ones have their own sample only, the inner ones
	// 3/4 of their own and 1/4 of the other.
	p.designChroma(4, outputAxis{scaled: 4, count: 4})
	require.Equal(t, []uint16{32768, 0, 24576, 8192, 8192, 24576, 0, 32768}, p.taps)
	// The last of 5 pixels does not share its sample, which is sited as if it did.
	p.designChroma(5, outputAxis{scaled: 5, offset: 3, count: 2})
	require.Equal(t, []int{0, 0}, p.first)
	require.Equal(t, []uint16{0, 24576, 8192, 0, 8192, 24576}, p.taps)
}

// TestChromaTaps checks that windows lie in the source, that taps sum to one and that
// the filter of a mirrored axis is reversed.
func TestChromaTaps(t *testing.T) {
	for source := 1; source <= 40; source++ {
		for scaled := int64(1); scaled <= 40; scaled++ {
			var p, reversed polyphase
			out := outputAxis{scaled: scaled, count: int(scaled)}
			p.designChroma(source, out)
			out.reversed = true
			reversed.designChroma(source, out)
			for i := range out.count {
				require.GreaterOrEqual(t, p.first[i], 0)
				require.LessOrEqual(t, p.first[i]+p.window, (source+1)/2)
				sum := 0
				for _, w := range p.tapsOf(i) {
					sum += int(w)
				}
				require.Equal(t, 1<<tapBits, sum, "%d to %d, output %d", source, scaled, i)
				require.Equal(t, p.tapsOf(i), reversed.tapsOf(out.count-1-i))
				require.Equal(t, p.first[i], reversed.first[out.count-1-i])
			}
		}
	}
}
