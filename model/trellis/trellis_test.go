package trellis

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIndexIsTheInverseOfNumber(t *testing.T) {
	for state := range uint8(States) {
		seen := map[int]bool{}
		for k := -64; k <= 64; k++ {
			n := Number(state, k)
			require.False(t, seen[n], "state %d: two indices of %d", state, n)
			seen[n] = true
			got, ok := Index(state, n)
			require.True(t, ok)
			require.Equal(t, k, got)
		}
		for n := -100; n <= 100; n++ {
			_, ok := Index(state, n)
			require.Equal(t, seen[n], ok, "state %d, number %d", state, n)
			require.Equal(t, n == 0 || n&1 == Odd(state), ok, "state %d, number %d", state, n)
		}
	}
}

// TestStates checks that every state has two successors, one for each bit, and
// two predecessors, which allow the same numbers. So paths that diverge do not
// merge again in the next step.
func TestStates(t *testing.T) {
	from := map[uint8][]int{}
	for state := range uint8(States) {
		require.NotEqual(t, Next(state, 0), Next(state, 1))
		require.Equal(t, Next(state, 1), Next(state, -1))
		for bit := range 2 {
			n := Next(state, bit)
			from[n] = append(from[n], Odd(state))
		}
	}
	for state := range uint8(States) {
		require.Len(t, from[state], 2)
		require.Equal(t, from[state][0], from[state][1])
	}
}

func TestIndicesAndNumbers(t *testing.T) {
	const depth, out = 5, 40
	r := rand.New(rand.NewPCG(1, 2))
	want := make([]int8, out*depth)
	for i := range want {
		want[i] = int8(r.IntN(127) - 63)
	}
	weights := append([]int8(nil), want...)
	require.True(t, Numbers(weights, depth))
	require.NotEqual(t, want, weights)
	indices, ok := Indices(weights, depth)
	require.True(t, ok)
	require.Equal(t, want, indices)

	_, ok = Indices(make([]int8, 12), 3)
	require.True(t, ok, "zeros are always allowed")
	for range 50 {
		i := r.IntN(len(weights))
		changed := append([]int8(nil), weights...)
		changed[i]++
		if changed[i] != 0 {
			_, ok = Indices(changed, depth)
			require.False(t, ok, "an even number where odd ones are allowed, or vice versa")
		}
	}
	for _, k := range []int8{64, 127, -65, -127} {
		require.False(t, Numbers([]int8{0, k}, 2), "2*%d overflows an int8", k)
	}
	require.True(t, Numbers([]int8{0, 63}, 2))
}
