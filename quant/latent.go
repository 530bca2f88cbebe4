package quant

import (
	"math"

	"halfmeg/model"
	"halfmeg/model/trellis"
)

// roundToTrellis rounds latent weights [out][depth] to the nearest weights
// that follow the trellis, independently for each input. Pruned weights stay
// zero; nil means that there are none. It is rounder's search without a metric,
// in float32 and fast: distillation rounds a million weights in each round.
func roundToTrellis(weights []int8, latent []float32, pruned []bool, depth int) {
	out := len(latent) / depth
	back := make([][trellis.States]backpointer, out)
	for k := range depth {
		var cost [trellis.States]float32
		for i := range cost[1:] {
			cost[i+1] = math.MaxFloat32
		}
		for o := range out {
			at := o*depth + k
			cost = extendNearest(&cost, &back[o], latent[at], pruned != nil && pruned[at])
		}
		best := 0
		for state, c := range cost {
			if c < cost[best] {
				best = state
			}
		}
		for o := out - 1; o >= 0; o-- {
			b := back[o][best]
			weights[o*depth+k] = b.weight
			best = int(b.from)
		}
	}
}

// extendNearest extends the survivors by one weight, near v or zero if pruned,
// and returns their costs.
func extendNearest(cost *[trellis.States]float32, back *[trellis.States]backpointer, v float32, pruned bool) (next [trellis.States]float32) {
	number, square := nearestNumbers(v, pruned)
	for state := range next {
		next[state] = math.MaxFloat32
	}
	for state, c := range cost {
		odd := trellis.Odd(uint8(state))
		for bit := range 2 {
			to := trellis.Next(uint8(state), bit)
			if sum := c + square[odd][bit]; sum < next[to] {
				next[to], back[to] = sum, backpointer{uint8(state), number[odd][bit]}
			}
		}
	}
	return next
}

// nearestNumbers returns the numbers nearest to v and their squared errors, by
// the state's parity and the lowest bit of the index: enough for every
// transition.
func nearestNumbers(v float32, pruned bool) (number [2][2]int8, square [2][2]float32) {
	for odd := range uint8(2) {
		middle, _ := trellis.Index(odd, int(nearest(float64(v))))
		for bit := range square[odd] {
			square[odd][bit] = math.MaxFloat32
		}
		for k := middle - 1; k <= middle+1; k++ {
			n := trellis.Number(odd, k)
			if pruned && n != 0 {
				continue
			}
			if e := v - float32(n); n >= -model.MaxWeight && n <= model.MaxWeight && float32(e*e) < square[odd][k&1] {
				square[odd][k&1], number[odd][k&1] = float32(e*e), int8(n)
			}
		}
	}
	return number, square
}
