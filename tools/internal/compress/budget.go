package compress

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"halfmeg/quant"
	"halfmeg/tools/internal/metrics"
)

// Attempt is an int8 network that the search produced, with its measurements.
type Attempt struct {
	Blind      bool    // classes show no error, see metrics.Blind
	Divergence float64 // allowed to the quantizer, see quant.Options
	Result     *quant.Result
	Encoded    []byte            // the .sqz file
	Bytes      int               // length of the file
	Logits     [][]float32       // on the held-out pictures
	Agreement  metrics.Agreement // with the float network, on the held-out pictures
}

// quantizeFunc makes an attempt.
type quantizeFunc func(ctx context.Context, divergence float64) (*Attempt, error)

// The search covers divergences from the finest that int8 allows to those of a
// useless network. At firstDivergence SqueezeNet v1.1 takes about 480,000 bytes:
// quantize prints the bytes of each divergence it tries.
const (
	firstDivergence    = 0.0205
	finestDivergence   = 1e-7 // below it, the finest int8 network is usually no larger
	finerDivergence    = 1e-6 // factor where it is: for classes that are certain, the divergence hardly depends on the weights
	coarsestDivergence = 100
	maxAttempts        = 8
)

// Search is the state of a search: the attempts so far and the bounds of the
// divergence.
type Search struct {
	Attempts []*Attempt
	Best     *Attempt
	low      float64
	high     float64
	finest   float64 // the least divergence to try other than 0
}

// fitBytes searches for the divergence at which the file just fits a budget, and
// ends with a file that uses at least a part of it.
func fitBytes(ctx context.Context, l Limits, try quantizeFunc) (*Search, error) {
	s := &Search{high: math.Inf(1), finest: finestDivergence}
	budget, enough, divergence := l.Bytes, cmp.Or(l.Enough, closeToBudget), cmp.Or(l.Start, firstDivergence)
	for range maxAttempts {
		a, err := s.run(ctx, divergence, try)
		if err != nil {
			return nil, err
		}
		if a.Bytes <= budget {
			s.Best, s.high = a, divergence
			full := float64(a.Bytes) >= enough*float64(budget)
			if divergence <= s.finest {
				if err := s.runFinest(ctx, budget, try); err != nil || full || s.Best.Divergence == 0 {
					return s, err
				}
				s.finest *= finerDivergence
			}
			if full {
				return s, nil
			}
		} else {
			s.low = divergence
			if divergence >= coarsestDivergence {
				break
			}
		}
		divergence = s.next(float64(budget) * (1 + enough) / 2)
	}
	if s.Best == nil && s.low < coarsestDivergence {
		a, err := s.run(ctx, coarsestDivergence, try)
		if err != nil {
			return nil, err
		}
		if a.Bytes <= budget {
			s.Best = a
		}
	}
	if s.Best == nil {
		return nil, fmt.Errorf("-max-bytes %d cannot be met: the smallest file tried has %d bytes", budget, s.smallest())
	}
	return s, nil
}

// runFinest takes the finest possible network if it fits the budget.
func (s *Search) runFinest(ctx context.Context, budget int, try quantizeFunc) error {
	a, err := s.run(ctx, 0, try)
	if err == nil && a.Bytes <= budget {
		s.Best = a
	}
	return err
}

// run makes an attempt and prints its measurements.
func (s *Search) run(ctx context.Context, divergence float64, try quantizeFunc) (*Attempt, error) {
	a, err := try(ctx, divergence)
	if err != nil {
		return nil, err
	}
	s.Attempts = append(s.Attempts, a)
	fmt.Printf("divergence up to %.4g: %d bytes", divergence, a.Bytes)
	switch {
	case a.Agreement.Pictures == 0:
	case a.Blind:
		fmt.Printf(", error of the logits %.2f %% of their spread", a.Agreement.LogitError)
	default:
		fmt.Printf(", same top-1 %.1f %%, expected drop %.2f points", a.Agreement.SameTop1, a.Agreement.ExpectedDrop)
	}
	fmt.Println()
	return a, nil
}

// next returns the divergence to try for a file of target bytes. Bytes fall about
// linearly with the logarithm of the divergence. If the extrapolation leaves the
// bounds, next bisects them.
func (s *Search) next(target float64) float64 {
	last := s.Attempts[len(s.Attempts)-1]
	proposal := last.Divergence * math.Exp2((float64(last.Bytes)-target)/s.slope())
	proposal = min(max(proposal, s.finest), coarsestDivergence)
	switch {
	case proposal > s.low && proposal < s.high:
		return proposal
	case math.IsInf(s.high, 1):
		return min(16*s.low, coarsestDivergence)
	}
	return math.Sqrt(max(s.low, s.finest) * s.high)
}

// slope returns how many bytes doubling the divergence saves, from the last
// attempt and the nearest one at least minOctaves apart. Without one it is half a
// bit per weight: the error of a uniform quantizer is proportional to the square
// of its step (Bennett, 1948), so a step √2 times as wide saves log2 √2 bits.
func (s *Search) slope() float64 {
	last := s.Attempts[len(s.Attempts)-1]
	weights := 0
	for _, l := range last.Result.Network.Layers {
		weights += len(l.Weights)
	}
	slope, nearest := float64(weights)/16, math.Inf(1)
	for _, a := range s.Attempts {
		octaves := math.Log2(a.Divergence / last.Divergence)
		saved := float64(last.Bytes-a.Bytes) / octaves
		if distance := math.Abs(octaves); distance > minOctaves && distance < nearest && saved > 0 {
			slope, nearest = saved, distance
		}
	}
	return slope
}

// minOctaves is the least distance of two attempts, in octaves of divergence, from
// which a slope is computed: the size of a file varies by up to a per cent by
// chance, which closer attempts would amplify.
const minOctaves = 0.2

func (s *Search) smallest() int {
	smallest := math.MaxInt
	for _, a := range s.Attempts {
		smallest = min(smallest, a.Bytes)
	}
	return smallest
}

// fitDrop searches for the smallest file whose expected drop of top-1 on the
// held-out pictures is at most drop points.
func fitDrop(ctx context.Context, drop float64, try quantizeFunc) (*Search, error) {
	s := &Search{low: finestDivergence, high: coarsestDivergence, finest: finestDivergence}
	divergence := firstDivergence
	for range maxAttempts {
		a, err := s.run(ctx, divergence, try)
		if err != nil {
			return nil, err
		}
		if a.Agreement.ExpectedDrop <= drop {
			s.Best, s.low = a, divergence
		} else {
			s.high = divergence
		}
		if s.high <= finestDivergence*closeEnough || s.high/s.low < closeEnough {
			break
		}
		// The drop is about proportional to the square root of the divergence.
		divergence *= math.Pow(max(drop, 0.01)/max(a.Agreement.ExpectedDrop, 0.01), 2)
		if divergence <= s.low || divergence >= s.high {
			divergence = math.Sqrt(s.low * s.high)
		}
	}
	if s.Best == nil {
		return nil, fmt.Errorf("-max-drop %g cannot be met: the finest file tried, of %d bytes, has an expected drop of %.2f points",
			drop, s.Attempts[len(s.Attempts)-1].Bytes, s.Attempts[len(s.Attempts)-1].Agreement.ExpectedDrop)
	}
	return s, nil
}

// closeToBudget is the fraction of the budget that ends the search, unless Limits
// states another.
const closeToBudget = 0.99

// closeEnough is the ratio of the bounds at which a search for a drop ends.
const closeEnough = 1.2
