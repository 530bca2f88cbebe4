package classify

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTopKByHand(t *testing.T) {
	ln2 := float32(math.Ln2)
	got := TopK([]float32{0, 2 * ln2, ln2, 0}, 3) // e^x: 1, 4, 2, 1
	require.Len(t, got, 3)
	for i, want := range []Class{
		{Index: 1, Logit: 2 * ln2, Probability: 0.5},
		{Index: 2, Logit: ln2, Probability: 0.25},
		{Index: 0, Logit: 0, Probability: 0.125},
	} {
		require.Equal(t, want.Index, got[i].Index)
		require.Equal(t, want.Logit, got[i].Logit)
		require.InDelta(t, want.Probability, got[i].Probability, 1e-6)
	}
}

func TestTopKOrdersTiesByClass(t *testing.T) {
	require.Equal(t, []int{1, 3, 4, 0}, indices(TopK([]float32{5, 7, 5, 7, 7, 5}, 4)))
}

func TestTopKOfFewOrNone(t *testing.T) {
	require.Empty(t, TopK(nil, 5))
	require.Empty(t, TopK([]float32{1, 2}, 0))
	require.Equal(t, []Class{{Index: 0, Logit: -3, Probability: 1}}, TopK([]float32{-3}, 5))
}

func TestSoftmaxOfHugeLogits(t *testing.T) {
	for _, logits := range [][]float32{
		{1000, 1000, -1000},
		{math.MaxFloat32, math.MaxFloat32, 0},
		{-1e30, -1e30, -math.MaxFloat32},
	} {
		got := TopK(logits, 3)
		require.Equal(t, []float32{0.5, 0.5, 0}, []float32{got[0].Probability, got[1].Probability, got[2].Probability}, "%v", logits)
	}
}

func TestTopKEqualsSorting(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		logits := make([]float32, 1+random.IntN(50))
		for i := range logits {
			logits[i] = float32(random.IntN(20)) // many ties
		}
		want := make([]int, len(logits))
		for i := range want {
			want[i] = i
		}
		slices.SortStableFunc(want, func(a, b int) int { return int(logits[b] - logits[a]) })
		k := 1 + random.IntN(len(logits))
		require.Equal(t, want[:k], indices(TopK(logits, k)))
	}
}

func TestProbabilitiesSumToOne(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	logits := make([]float32, 1000)
	for i := range logits {
		logits[i] = 40 * random.Float32()
	}
	var sum float64
	for _, c := range TopK(logits, len(logits)) {
		sum += float64(c.Probability)
	}
	require.InDelta(t, 1, sum, 1e-4)
}

func indices(top []Class) []int {
	var list []int
	for _, c := range top {
		list = append(list, c.Index)
	}
	return list
}
