package main

import (
	"context"
	"fmt"
	"math"

	"halfmeg/model/sqz"
	"halfmeg/quant"
)

// The search for a byte budget begins where a network of this family has
// about 480,000 bytes, and ends with a file of 98.5 to 100 % of the budget.
const (
	firstDivergence  = 0.05
	finestDivergence = 1e-4 // below it, steps are the finest anyway
	closeEnough      = 0.985
	maxAttempts      = 8
)

// fit searches for the divergence at which the coded network just meets a
// budget in bytes.
func fit(ctx context.Context, budget int, quantize func(ctx context.Context, divergence float64) (*quant.Result, error)) (*quant.Result, error) {
	low, high := finestDivergence, math.Inf(1) // between which the answer lies
	divergence := firstDivergence
	var best *quant.Result
	smallest := 0
	for range maxAttempts {
		r, err := quantize(ctx, divergence)
		if err != nil {
			return nil, err
		}
		coded, err := sqz.Encode(r.Network)
		if err != nil {
			return nil, err
		}
		bytes := len(coded)
		fmt.Printf("allowing a divergence of %.3g: %d bytes\n", divergence, bytes)
		if bytes <= budget {
			best, high = r, divergence
		} else {
			low = divergence
		}
		if smallest == 0 || bytes < smallest {
			smallest = bytes
		}
		if best != nil && (float64(bytes) >= closeEnough*float64(budget) && bytes <= budget || high <= finestDivergence) {
			break
		}
		divergence = next(divergence, low, high, r, bytes, budget)
	}
	if best == nil {
		return nil, fmt.Errorf("-max-bytes %d cannot be met: the smallest file tried has %d bytes", budget, smallest)
	}
	return best, nil
}

// next is the divergence to try: twice as much saves half a bit a weight, and
// where that leads out of what is known, the middle is tried.
func next(divergence, low, high float64, r *quant.Result, bytes, budget int) float64 {
	weights := 0
	for _, l := range r.Network.Layers {
		weights += len(l.Weights)
	}
	aim := float64(budget) * (1 + closeEnough) / 2
	proposal := divergence * math.Exp2((float64(bytes)-aim)/(float64(weights)/16))
	if proposal > low && proposal < high || proposal <= finestDivergence {
		return max(proposal, finestDivergence)
	}
	return math.Sqrt(low * high)
}
