package metrics

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestMeasureByHand: three pictures of six classes, ties included.
func TestMeasureByHand(t *testing.T) {
	logits := [][]float32{
		{0, 9, 1, 2, 3, 4},  // class 1 first, class 0 last
		{5, 5, 1, 1, 1, 1},  // 0 and 1 are equal: the lower comes first
		{-1, 0, 1, 2, 3, 4}, // not labelled
	}
	require.Equal(t, Accuracy{Pictures: 2, Top1: 50, Top5: 100}, Measure(logits, []int{1, 1, -1}))
	require.Equal(t, Accuracy{Pictures: 2, Top1: 50, Top5: 50}, Measure(logits, []int{0, 0, -1}))
	require.Zero(t, Measure(logits, []int{-1, -1, -1}))
}

// TestCompareByHand: over four labelled pictures the drops are 1, 0, 0, -1.
func TestCompareByHand(t *testing.T) {
	zero, one := []float32{1, 0}, []float32{0, 1}
	want := [][]float32{zero, zero, one, one}
	got := [][]float32{one, zero, one, zero}
	a := Compare(want, got, []int{0, 0, 1, 0})
	require.Equal(t, 4, a.Pictures)
	require.InDelta(t, 50, a.SameTop1, 1e-9)
	require.InDelta(t, 100*math.Sqrt(0.25/4), a.SameError, 1e-9)
	require.InDelta(t, 0, a.Drop, 1e-9)
	require.InDelta(t, 100*math.Sqrt(0.5/4), a.DropError, 1e-9)
	// softmax of (1,0) is p = 1/(1+1/e); the divergence of its mirror image is (2p-1)*1
	p := 1 / (1 + math.Exp(-1))
	require.InDelta(t, 2*(2*p-1)/4, a.KL, 1e-9)
}

// TestCompareIsDirected: the drop is positive if the reference is better, the
// divergence is from the reference, and the error is around the mean.
func TestCompareIsDirected(t *testing.T) {
	right, wrong := []float32{2, 0}, []float32{0, 1}
	a := Compare([][]float32{right, right, right}, [][]float32{wrong, right, right}, []int{0, 0, 0})
	require.InDelta(t, 100./3, a.Drop, 1e-9)
	require.InDelta(t, 100*math.Sqrt((1./3-1./9)/3), a.DropError, 1e-9)
	p, q := 1/(1+math.Exp(-2)), 1/(1+math.E)
	require.InDelta(t, (p*math.Log(p/q)+(1-p)*math.Log((1-p)/(1-q)))/3, a.KL, 1e-9)
}

// TestDivergenceOfHugeLogits: the divergence does not overflow.
func TestDivergenceOfHugeLogits(t *testing.T) {
	require.InDelta(t, 0, KLDivergence([]float32{3e38, 0}, []float32{3e38, 0}), 1e-9)
}

func TestWorstClasses(t *testing.T) {
	logits := [][]float32{{1, 0, 0}, {1, 0, 0}, {0, 0, 1}, {0, 0, 1}}
	worst := WorstClasses(logits, []int{0, 1, 1, 2}, []string{"a", "b", "c"}, 2)
	require.Equal(t, []ClassAccuracy{
		{Class: 1, Label: "b", Pictures: 2, Top1: 0, Top5: 100, Mistaken: 0},
		{Class: 0, Label: "a", Pictures: 1, Top1: 100, Top5: 100, Mistaken: -1},
	}, worst)
}

type failing struct{}

func (failing) Run([]int8) ([]float32, error) { return nil, errors.New("no") }

type echo struct{}

func (echo) Run(p []int8) ([]float32, error) { return []float32{float32(p[0])}, nil }

// TestRunAll: the order of the pictures does not depend on the number of workers,
// and errors are returned.
func TestRunAll(t *testing.T) {
	var pictures [][]int8
	for i := range 50 {
		pictures = append(pictures, []int8{int8(i)})
	}
	for _, workers := range []int{1, 3, 60} {
		l, err := RunAll(context.Background(), func() (Runner, error) { return echo{}, nil }, pictures, workers, func() {})
		require.NoError(t, err)
		for i := range l {
			require.Equal(t, []float32{float32(i)}, l[i])
		}
		_, err = RunAll(context.Background(), func() (Runner, error) { return failing{}, nil }, pictures, workers, func() {})
		require.EqualError(t, err, "no")
	}
}
