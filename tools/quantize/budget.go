package main

import (
	"context"
	"fmt"
	"math"

	"halfmeg/quant"
	"halfmeg/tools/internal/metrics"
)

// attempt is one network that the search has made, and what it is worth.
type attempt struct {
	divergence float64 // that the quantizer was allowed
	result     *quant.Result
	coded      []byte            // the .sqz file
	bytes      int               // its length
	logits     [][]float32       // on the held-out pictures
	agreement  metrics.Agreement // with the float network, on held-out pictures
}

// quantizer makes an attempt.
type quantizer func(ctx context.Context, divergence float64) (*attempt, error)

// The search begins where a network of this family has about 480,000 bytes.
const (
	firstDivergence    = 0.0205
	finestDivergence   = 1e-7 // below it, as fine as int8 can be is as small
	coarsestDivergence = 100
	maxAttempts        = 8
)

// search holds the attempts made, and the divergences between which the
// answer lies.
type search struct {
	attempts []*attempt
	best     *attempt
	low      float64
	high     float64
}

// fitBytes searches for the divergence at which the file just meets a budget:
// it ends with a file that uses nearly all of it.
func fitBytes(ctx context.Context, budget int, quantize quantizer) (*search, error) {
	s := &search{high: math.Inf(1)}
	divergence := firstDivergence
	for range maxAttempts {
		a, err := s.try(ctx, divergence, quantize)
		if err != nil {
			return nil, err
		}
		if a.bytes <= budget {
			s.best, s.high = a, divergence
			if divergence <= finestDivergence {
				return s, s.tryFinest(ctx, budget, quantize)
			}
			if float64(a.bytes) >= closeToBudget*float64(budget) {
				return s, nil
			}
		} else {
			s.low = divergence
			if divergence >= coarsestDivergence {
				break
			}
		}
		divergence = s.next(float64(budget) * (1 + closeToBudget) / 2)
	}
	if s.best == nil && s.low < coarsestDivergence {
		a, err := s.try(ctx, coarsestDivergence, quantize)
		if err != nil {
			return nil, err
		}
		if a.bytes <= budget {
			s.best = a
		}
	}
	if s.best == nil {
		return nil, fmt.Errorf("-max-bytes %d cannot be met: the smallest file tried has %d bytes", budget, s.smallest())
	}
	return s, nil
}

// tryFinest takes the finest network there is, if that fits, too.
func (s *search) tryFinest(ctx context.Context, budget int, quantize quantizer) error {
	a, err := s.try(ctx, 0, quantize)
	if err == nil && a.bytes <= budget {
		s.best = a
	}
	return err
}

// try makes an attempt and tells of it.
func (s *search) try(ctx context.Context, divergence float64, quantize quantizer) (*attempt, error) {
	a, err := quantize(ctx, divergence)
	if err != nil {
		return nil, err
	}
	s.attempts = append(s.attempts, a)
	fmt.Printf("allowing a divergence of %.4g: %d bytes", divergence, a.bytes)
	if a.agreement.Pictures > 0 {
		fmt.Printf(", same top-1 %.1f %%, expected drop %.2f points", a.agreement.SameTop1, a.agreement.ExpectedDrop)
	}
	fmt.Println()
	return a, nil
}

// next is the divergence to try for a file of so many bytes: they fall along a
// straight line over the logarithm of the divergence, and where that leads out
// of what is known, the middle is tried.
func (s *search) next(aim float64) float64 {
	last := s.attempts[len(s.attempts)-1]
	proposal := last.divergence * math.Exp2((float64(last.bytes)-aim)/s.slope())
	proposal = min(max(proposal, finestDivergence), coarsestDivergence)
	switch {
	case proposal > s.low && proposal < s.high:
		return proposal
	case math.IsInf(s.high, 1):
		return min(16*s.low, coarsestDivergence)
	}
	return math.Sqrt(max(s.low, finestDivergence) * s.high)
}

// slope is how many bytes twice the divergence saves: as the last attempt and
// the nearest that is not too like it have shown, or else half a bit a weight.
func (s *search) slope() float64 {
	last := s.attempts[len(s.attempts)-1]
	weights := 0
	for _, l := range last.result.Network.Layers {
		weights += len(l.Weights)
	}
	slope, nearest := float64(weights)/16, math.Inf(1)
	for _, a := range s.attempts {
		octaves := math.Log2(a.divergence / last.divergence)
		saved := float64(last.bytes-a.bytes) / octaves
		if distance := math.Abs(octaves); distance > apart && distance < nearest && saved > 0 {
			slope, nearest = saved, distance
		}
	}
	return slope
}

// apart is how many octaves of divergence two attempts must be apart to show
// how bytes depend on it: chance makes a file up to a per cent larger or smaller.
const apart = 0.2

func (s *search) smallest() int {
	smallest := math.MaxInt
	for _, a := range s.attempts {
		smallest = min(smallest, a.bytes)
	}
	return smallest
}

// fitDrop searches for the smallest file whose expected drop of top-1 on the
// held-out pictures is at most so many points.
func fitDrop(ctx context.Context, drop float64, quantize quantizer) (*search, error) {
	s := &search{low: finestDivergence, high: coarsestDivergence}
	divergence := firstDivergence
	for range maxAttempts {
		a, err := s.try(ctx, divergence, quantize)
		if err != nil {
			return nil, err
		}
		if a.agreement.ExpectedDrop <= drop {
			s.best, s.low = a, divergence
		} else {
			s.high = divergence
		}
		if s.high <= finestDivergence*closeEnough || s.high/s.low < closeEnough {
			break
		}
		// The drop grows about as the root of the divergence.
		divergence *= math.Pow(max(drop, 0.01)/max(a.agreement.ExpectedDrop, 0.01), 2)
		if divergence <= s.low || divergence >= s.high {
			divergence = math.Sqrt(s.low * s.high)
		}
	}
	if s.best == nil {
		return nil, fmt.Errorf("-max-drop %g cannot be met: the finest file tried, of %d bytes, is expected to drop %.2f points",
			drop, s.attempts[len(s.attempts)-1].bytes, s.attempts[len(s.attempts)-1].agreement.ExpectedDrop)
	}
	return s, nil
}

// closeToBudget is the part of a budget that a file should use at least.
const closeToBudget = 0.99

// closeEnough is the factor between divergences at which a search for a drop ends.
const closeEnough = 1.2
