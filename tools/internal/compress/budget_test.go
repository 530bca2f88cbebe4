package compress

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/internal/testnet"
	"halfmeg/model"
	"halfmeg/model/sqz"
	"halfmeg/quant"
	"halfmeg/tools/internal/metrics"
)

// fakeAttempt replaces the quantizer: as there, the step of the weights is
// proportional to the square root of the divergence.
func fakeAttempt(t *testing.T, divergence float64) *Attempt {
	allowed := divergence
	divergence = max(divergence, finestDivergence/2)
	topology := model.Topology{Size: 9, Conv1: model.Stem{Filters: 64, Kernel: 3, Stride: 2}, Head: model.Head{Classes: 500}}
	n := testnet.Network(rand.New(rand.NewPCG(1, 1)), topology, func(r *rand.Rand) int8 {
		return int8(max(-127, min(127, math.RoundToEven(r.NormFloat64()/math.Sqrt(divergence)))))
	})
	encoded, err := sqz.Encode(n)
	require.NoError(t, err)
	return &Attempt{
		Divergence: allowed,
		Result:     &quant.Result{Network: n},
		Bytes:      len(encoded),
		Agreement:  metrics.Agreement{Pictures: 100, ExpectedDrop: 3 * math.Sqrt(divergence)},
	}
}

// TestFitBytes: the search nearly fills a budget in few attempts.
func TestFitBytes(t *testing.T) {
	for _, budget := range []int{11_000, 16_000, 25_000} {
		s, err := fitBytes(context.Background(), Limits{Bytes: budget}, func(_ context.Context, divergence float64) (*Attempt, error) {
			return fakeAttempt(t, divergence), nil
		})
		require.NoError(t, err)
		require.LessOrEqual(t, s.Best.Bytes, budget)
		require.GreaterOrEqual(t, float64(s.Best.Bytes), closeToBudget*float64(budget))
		require.LessOrEqual(t, len(s.Attempts), 5, "budget %d", budget)
	}
}

// TestFitBytesOfCertainClasses: where the divergence is tiny whatever the weights,
// the search goes below finestDivergence to fill the budget.
func TestFitBytesOfCertainClasses(t *testing.T) {
	const budget = 20_000
	s, err := fitBytes(context.Background(), Limits{Bytes: budget}, func(_ context.Context, divergence float64) (*Attempt, error) {
		a := fakeAttempt(t, divergence*1e10)
		a.Divergence = divergence
		if divergence == 0 {
			a.Bytes = 2 * budget
		}
		return a, nil
	})
	require.NoError(t, err)
	require.LessOrEqual(t, s.Best.Bytes, budget)
	require.Greater(t, float64(s.Best.Bytes), 0.9*budget)
	require.Less(t, s.Best.Divergence, finestDivergence)
}

// TestFitBytesFails: the error for a budget that is too small names the smallest
// file.
func TestFitBytesFails(t *testing.T) {
	_, err := fitBytes(context.Background(), Limits{Bytes: 10}, func(_ context.Context, divergence float64) (*Attempt, error) {
		return fakeAttempt(t, divergence), nil
	})
	require.ErrorContains(t, err, "-max-bytes 10 cannot be met: the smallest file tried has ")
}

// TestFitBytesTakesTheFinest: a budget larger than any file.
func TestFitBytesTakesTheFinest(t *testing.T) {
	s, err := fitBytes(context.Background(), Limits{Bytes: 1 << 20}, func(_ context.Context, divergence float64) (*Attempt, error) {
		return fakeAttempt(t, divergence), nil
	})
	require.NoError(t, err)
	require.Zero(t, s.Best.Divergence)
}

// TestFitBytesOnAPlateau: where bytes hardly fall, the search ends, with the
// coarsest network if only that fits.
func TestFitBytesOnAPlateau(t *testing.T) {
	flat := func(floor int) func(context.Context, float64) (*Attempt, error) {
		return func(_ context.Context, divergence float64) (*Attempt, error) {
			require.LessOrEqual(t, divergence, float64(coarsestDivergence))
			a := fakeAttempt(t, 1)
			a.Divergence, a.Bytes = divergence, floor-int(divergence)
			return a, nil
		}
	}
	_, err := fitBytes(context.Background(), Limits{Bytes: 10_000}, flat(20_000))
	require.ErrorContains(t, err, "the smallest file tried has 19900 bytes")
	s, err := fitBytes(context.Background(), Limits{Bytes: 10_000}, flat(10_100))
	require.NoError(t, err)
	require.Equal(t, 10_000, s.Best.Bytes)
}

// TestFitDrop: the search finds the coarsest network within the drop.
func TestFitDrop(t *testing.T) {
	for _, drop := range []float64{0.1, 0.5, 2} {
		s, err := fitDrop(context.Background(), drop, func(_ context.Context, divergence float64) (*Attempt, error) {
			return fakeAttempt(t, divergence), nil
		})
		require.NoError(t, err)
		require.LessOrEqual(t, s.Best.Agreement.ExpectedDrop, drop)
		require.Greater(t, s.Best.Agreement.ExpectedDrop, 0.8*drop)
	}
}

// TestFitDropFails: not even the finest network is within the drop.
func TestFitDropFails(t *testing.T) {
	_, err := fitDrop(context.Background(), 0.01, func(_ context.Context, divergence float64) (*Attempt, error) {
		a := fakeAttempt(t, divergence)
		a.Agreement.ExpectedDrop = 1
		return a, nil
	})
	require.ErrorContains(t, err, "-max-drop 0.01 cannot be met: the finest file tried, of ")
	require.ErrorContains(t, err, "1.00 points")
}
