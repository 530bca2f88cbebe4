package metrics

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBlind(t *testing.T) {
	repeat := func(n int, logits ...float32) (out [][]float32) {
		for range n {
			out = append(out, logits)
		}
		return out
	}
	require.Equal(t, "the network has one output, whose softmax is always 1", Blind(repeat(1, 5)))
	require.Equal(t, "the network returns class 1 for all 20 pictures", Blind(repeat(20, 0, 3, 1)))
	require.Empty(t, Blind(repeat(3, 0, 3, 1)), "too few to tell")
	require.Empty(t, Blind(append(repeat(20, 0, 3), []float32{1, 0})))
	require.Empty(t, Blind(nil))
	require.Contains(t, BlindWarning("a"), "a: neither top-1 nor the divergence")
}

// TestLogitError: the spread of (0, 4) is 2; errors of 1 are half of it, whatever
// softmax makes of them.
func TestLogitError(t *testing.T) {
	want := [][]float32{{0}, {4}}
	require.InDelta(t, 2, Spread(want), 1e-9)
	a := Compare(want, [][]float32{{1}, {3}}, []int{-1, -1})
	require.InDelta(t, 50, a.LogitError, 1e-9)
	require.EqualValues(t, 100, a.SameTop1)
	require.Zero(t, a.KL)
	constant := Compare(want, [][]float32{{2}, {2}}, []int{-1, -1})
	require.InDelta(t, 100, constant.LogitError, 1e-9, "all information is gone")
	require.Zero(t, Compare([][]float32{{0}}, [][]float32{{0}}, []int{-1}).LogitError)
	require.InDelta(t, 10, Compare([][]float32{{5}}, [][]float32{{5.5}}, []int{-1}).LogitError, 1e-5, "without a spread, of the magnitude")
	require.InDelta(t, 100, Compare([][]float32{{0}}, [][]float32{{1}}, []int{-1}).LogitError, 1e-9)
	require.Zero(t, Compare(nil, nil, nil).LogitError)
	two := [][]float32{{0, 1}, {4, 1}} // variances 4 and 0
	require.InDelta(t, math.Sqrt2, Spread(two), 1e-9)
}

// TestUncertainty: 12 of 12 pictures are no certainty (12/(12+1.96²) = 75.75 %).
func TestUncertainty(t *testing.T) {
	a := Agreement{Pictures: 12, SameTop1: 100, Labelled: 12}
	require.Equal(t, "(95 % interval 75.7 to 100.0)", a.SameUncertainty(1))
	require.Equal(t, "(95 % interval -24.3 to 24.3)", a.DropUncertainty(1))
	require.Equal(t, "compared on only 12 pictures: same top-1 is known to lie between 76 % and 100 % only; use more", FewPictures(a))
	require.Equal(t, "(95 % interval 0.0 to 24.3)", Agreement{Pictures: 12}.SameUncertainty(1))
	many := Agreement{Pictures: 1000, SameTop1: 94, SameError: 0.75, Labelled: 1000, DropError: 0.5}
	require.Equal(t, "± 0.75", many.SameUncertainty(2))
	require.Equal(t, "± 0.50", many.DropUncertainty(2))
	require.Empty(t, FewPictures(many))
	require.Empty(t, FewPictures(Agreement{}), "nothing was compared")
}

func TestAtChance(t *testing.T) {
	require.Equal(t, "right on 0 of 100 labelled pictures, chance would be 0.1: are the labels in the network's class order?", AtChance(0, 100, 1000))
	require.NotEmpty(t, AtChance(3, 100, 1000), "similar classes next to each other")
	require.Empty(t, AtChance(40, 100, 1000))
	require.Equal(t, "right on 25 of 100 labelled pictures, chance would be 25: are the labels in the network's class order?", AtChance(25, 100, 4))
	require.NotEmpty(t, AtChance(5, 100, 4), "less than chance")
	require.Empty(t, AtChance(40, 100, 4))
	require.Empty(t, AtChance(80, 100, 2))
	require.NotEmpty(t, AtChance(50, 100, 2))
	require.Empty(t, AtChance(9, 12, 2), "too few to tell")
	require.Empty(t, AtChance(0, 5, 1000))
	require.Empty(t, AtChance(100, 100, 1))
}
