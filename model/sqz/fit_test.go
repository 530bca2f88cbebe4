package sqz

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
	"halfmeg/model/sqz/internal/arith"
)

func TestSimilarFilterRoundTrip(t *testing.T) {
	bothWays(t, func(c coder) {
		var m similarModel
		for _, o := range []int{0, 1, 2, 3, 600, maxDistance, 5000} {
			for _, gain := range []int32{-maxGain, 0, 5, maxGain} {
				got, want := similarFilter{}, similarFilter{distance: min(o, maxDistance)}
				if o > 0 {
					want.gain = gain
				}
				if _, ok := c.(*writer); ok {
					got = want
				}
				m.code(c, &got, o)
				require.Equal(t, want, got)
				none := similarFilter{}
				m.code(c, &none, o)
				require.Zero(t, none)
			}
		}
	})
}

// TestInvalidSimilarFilters: a reference must be to an existing filter, and its
// gain must not overflow.
func TestInvalidSimilarFilters(t *testing.T) {
	for want, f := range map[string]similarFilter{
		"filter 520 refers to a similar filter at distance 600 with gain 5/16;":   {600, 5},
		"filter 520 refers to a similar filter at distance 1 with gain 65/16;":    {1, maxGain + 1},
		"filter 520 refers to a similar filter at distance 520 with gain -65/16;": {520, -maxGain - 1},
		"with gain -2147483648/16;": {1, math.MinInt32},
	} {
		w := &writer{e: arith.NewEncoder(nil)}
		new(similarModel).code(w, &f, 1000)
		r := &reader{d: arith.NewDecoder(w.e.Finish())}
		new(similarModel).code(r, new(similarFilter), 520)
		require.ErrorContains(t, r.err(), want)
	}
}

// TestFindSimilar: the one filter that resembles an earlier one is found.
func TestFindSimilar(t *testing.T) {
	const size = 300
	s := model.Step{In: size, Out: 5, Kernel: 1}
	rng := rand.New(rand.NewPCG(1, 0))
	weights := make([]int8, s.Weights())
	for i := range weights {
		weights[i] = int8(6 * rng.NormFloat64())
	}
	third := weights[3*size:][:size]
	for i, w := range weights[size:][:size] {
		third[i] = third[i]/2 - 2*w
	}
	found := findSimilar(s, weights)
	require.Less(t, found[3].gain, int32(-gainUnit/2))
	found[3].gain = 0
	require.Equal(t, []similarFilter{{}, {}, {}, {distance: 2}, {}}, found)

	clear(weights)
	require.Equal(t, make([]similarFilter, 5), findSimilar(s, weights))
}
