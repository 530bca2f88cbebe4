package main

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
	"halfmeg/model/sqz"
	"halfmeg/quant"
)

// coarse stands in for the quantizer: weights in steps that grow with the
// root of the divergence, as its own do.
func coarse(t *testing.T, divergence float64) *quant.Result {
	topology := model.Topology{Size: 9, Conv1: model.Stem{Filters: 64, Kernel: 3, Stride: 2}, Head: model.Head{Classes: 500}}
	steps, err := topology.Steps()
	require.NoError(t, err)
	in := model.CaffeInput()
	in.Size = topology.Size
	n := &model.Network{Topology: topology, Input: in}
	r := rand.New(rand.NewPCG(1, 1))
	for _, s := range steps {
		l := model.Layer{Bias: make([]int32, s.Out), Scale: 1}
		for range s.Weights() {
			l.Weights = append(l.Weights, int8(max(-127, min(127, math.RoundToEven(r.NormFloat64()/math.Sqrt(divergence))))))
		}
		for range s.Out {
			l.Multiplier = append(l.Multiplier, 0.001)
		}
		n.Layers = append(n.Layers, l)
	}
	return &quant.Result{Network: n}
}

// TestFit meets a budget closely in few attempts, from either side.
func TestFit(t *testing.T) {
	for _, budget := range []int{11_000, 16_000, 25_000} {
		attempts := 0
		r, err := fit(context.Background(), budget, func(_ context.Context, divergence float64) (*quant.Result, error) {
			attempts++
			return coarse(t, divergence), nil
		})
		require.NoError(t, err)
		coded, err := sqz.Encode(r.Network)
		require.NoError(t, err)
		require.LessOrEqual(t, len(coded), budget)
		require.GreaterOrEqual(t, float64(len(coded)), closeEnough*float64(budget))
		require.LessOrEqual(t, attempts, 5, "budget %d", budget)
	}
}

// TestFitRefuses a budget that nothing meets, with what is reachable.
func TestFitRefuses(t *testing.T) {
	_, err := fit(context.Background(), 10, func(_ context.Context, divergence float64) (*quant.Result, error) {
		return coarse(t, divergence), nil
	})
	require.ErrorContains(t, err, "-max-bytes 10 cannot be met: the smallest file tried has ")
}

// TestFitTakesTheFinest where the budget is larger than any file.
func TestFitTakesTheFinest(t *testing.T) {
	finest := 1.0
	_, err := fit(context.Background(), 1<<20, func(_ context.Context, divergence float64) (*quant.Result, error) {
		finest = min(finest, divergence)
		return coarse(t, divergence), nil
	})
	require.NoError(t, err)
	require.InDelta(t, finestDivergence, finest, 1e-12)
}
