package sqz

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
	"halfmeg/model/sqz/internal/arith"
)

func TestLikenesses(t *testing.T) {
	carried(t, func(c coder) {
		var m likenessModel
		for _, o := range []int{0, 1, 2, 3, 600, maxBack, 5000} {
			for _, gain := range []int32{-maxGain, 0, 5, maxGain} {
				got, want := likeness{}, likeness{back: min(o, maxBack)}
				if o > 0 {
					want.gain = gain
				}
				if _, writes := c.(*writer); writes {
					got = want
				}
				m.code(c, &got, o)
				require.Equal(t, want, got)
				none := likeness{}
				m.code(c, &none, o)
				require.Zero(t, none)
			}
		}
	})
}

// A file's likenesses point to filters that there are, and do not overflow.
func TestForeignLikenesses(t *testing.T) {
	for want, l := range map[string]likeness{
		"filter 520 is said to be 5/16 times the 600th before it":   {600, 5},
		"filter 520 is said to be 65/16 times the 1th before it":    {1, maxGain + 1},
		"filter 520 is said to be -65/16 times the 520th before it": {520, -maxGain - 1},
		"-2147483648/16 times": {1, math.MinInt32},
	} {
		w := &writer{e: arith.NewEncoder(nil)}
		new(likenessModel).code(w, &l, 1000)
		r := &reader{d: arith.NewDecoder(w.e.Finish())}
		new(likenessModel).code(r, new(likeness), 520)
		require.ErrorContains(t, r.err(), want)
	}
}

// Filters that are like an earlier one are found, and no others.
func TestLikenessesAreFound(t *testing.T) {
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
	found := likenesses(s, weights)
	require.Less(t, found[3].gain, int32(-gainOne/2))
	found[3].gain = 0
	require.Equal(t, []likeness{{}, {}, {}, {back: 2}, {}}, found)

	clear(weights)
	require.Equal(t, make([]likeness, 5), likenesses(s, weights))
}
