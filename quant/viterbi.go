package quant

import (
	"math"

	"halfmeg/model"
	"halfmeg/model/trellis"
)

// rounder rounds a convolution's weights, input by input. For each input,
// Viterbi's algorithm finds the integers over the outputs: of all paths into a
// state of the trellis only the cheapest survives. Without a trellis there is
// one state, which allows every integer, and the algorithm reduces to rounding
// to the nearest.
type rounder struct {
	metric
	target     []float64 // unrounded weights, [out][depth]
	pruned     []bool    // weights that stay zero; nil means none
	scales     []float64 // step size of each output channel
	useTrellis bool      // restrict the weights to the trellis

	// lambda is the Lagrange multiplier of rate-distortion optimised rounding: the
	// cost of a bit, in the metric's unit. 0 minimises the error alone.
	lambda float64

	bits    [][]float64                   // estimated, per unit of an index's magnitude, [input][output]; nil if lambda is 0
	carried []float64                     // compensation of earlier inputs' errors, by output
	back    [][trellis.States]backpointer // by output and state
	paths   [trellis.States]path          // the survivors
	next    [trellis.States]path          // the survivors one output later
}

// backpointer is the last transition of a survivor: the state it comes from
// and the weight.
type backpointer struct {
	from   uint8
	weight int8
}

// path is a survivor. Its errors, by output, include the compensation of
// earlier inputs.
type path struct {
	cost   float64 // infinite in states that cannot be reached
	errors []float64
}

// round returns the weights.
func (r *rounder) round() []int8 {
	out, depth := len(r.scales), len(r.inputs.order)
	if r.lambda > 0 {
		r.bits = bitsPerIndex(r.target, r.scales)
	}
	r.carried, r.back = make([]float64, out), make([][trellis.States]backpointer, out)
	for i := range r.paths {
		r.paths[i].errors, r.next[i].errors = make([]float64, out), make([]float64, out)
	}
	weights := make([]int8, len(r.target))
	errors := make([][]float64, depth) // by place in the order, then output
	for p, k := range r.inputs.order {
		clear(r.carried)
		for q, u := range r.inputs.coefficients[p] {
			for o, e := range errors[q] {
				r.carried[o] += float64(e * u)
			}
		}
		r.search(k, r.lambda/r.inputs.cost[p])
		errors[p] = make([]float64, out)
		state := r.cheapest()
		for o := out - 1; o >= 0; o-- {
			b := r.back[o][state]
			at := o*depth + k
			weights[at] = b.weight
			errors[p][o] = r.target[at] - float64(float64(b.weight)*r.scales[o])
			state = int(b.from)
		}
	}
	return weights
}

// search finds the survivors for input k, output by output. lambda is the cost
// of a bit in units of outputCost times a squared error.
func (r *rounder) search(k int, lambda float64) {
	for i := range r.paths {
		r.paths[i].cost = math.Inf(1)
	}
	r.paths[0].cost = 0
	depth := len(r.inputs.order)
	for o := range r.scales {
		for i := range r.next {
			r.next[i].cost = math.Inf(1)
		}
		want := r.target[o*depth+k] + r.carried[o]
		price := 0.0
		if r.bits != nil {
			price = lambda * r.bits[k][o]
		}
		for state := range r.paths {
			if !math.IsInf(r.paths[state].cost, 1) {
				r.extend(o, k, uint8(state), want, price)
			}
		}
		for i := range r.next {
			if s := &r.next[i]; r.outputs != nil && !math.IsInf(s.cost, 1) {
				b := r.back[o][i]
				copy(s.errors, r.paths[b.from].errors[:o])
				s.errors[o] = want - float64(float64(b.weight)*r.scales[o])
			}
		}
		r.paths, r.next = r.next, r.paths
	}
}

// extend extends a state's survivor by the weights nearest to want. price is
// the cost of each unit of an index's magnitude.
func (r *rounder) extend(o, k int, state uint8, want, price float64) {
	if r.outputs != nil {
		for q, u := range r.outputs.coefficients[o] {
			want += float64(r.paths[state].errors[q] * u)
		}
	}
	steps := want / r.scales[o]
	if r.pruned != nil && r.pruned[o*len(r.inputs.order)+k] {
		r.relax(o, backpointer{state, 0}, trellis.Next(state, 0), steps, 0)
		return
	}
	if !r.useTrellis {
		r.relax(o, backpointer{state, nearest(steps)}, 0, steps, 0)
		return
	}
	// Indices alternate between the two states that can follow.
	middle, _ := trellis.Index(state, int(nearest(steps)))
	for index := middle - 1; index <= middle+1; index++ {
		if w := trellis.Number(state, index); w >= -model.MaxWeight && w <= model.MaxWeight {
			r.relax(o, backpointer{state, int8(w)}, trellis.Next(state, index), steps, float64(price*math.Abs(float64(index))))
		}
	}
}

// relax keeps the cheapest transition into a state.
func (r *rounder) relax(o int, b backpointer, to uint8, steps, price float64) {
	e := (steps - float64(b.weight)) * r.scales[o]
	if cost := r.paths[b.from].cost + float64(r.outputCost[o]*e*e) + price; cost < r.next[to].cost {
		r.next[to].cost = cost
		r.back[o][to] = b
	}
}

// cheapest returns the state whose survivor costs least.
func (r *rounder) cheapest() int {
	best := 0
	for state := range r.paths {
		if r.paths[state].cost < r.paths[best].cost {
			best = state
		}
	}
	return best
}

// bitsPerIndex estimates how many bits each unit of an index's magnitude takes,
// by input and output. It models indices k by a two-sided geometric
// distribution, P(k) proportional to x^|k|, with the mean magnitude m of the
// input times that of the output over that of the layer; then x is
// (sqrt(1+m²)-1)/m and each unit takes -log2(x) bits.
func bitsPerIndex(target, scales []float64) [][]float64 {
	out := len(scales)
	depth := len(target) / out
	inputs, outputs, all := make([]float64, depth), make([]float64, out), 0.0
	for i, v := range target {
		k := math.Abs(v) / scales[i/depth] / 2
		inputs[i%depth] += k / float64(out)
		outputs[i/depth] += k / float64(depth)
		all += k / float64(len(target))
	}
	bits := make([][]float64, depth)
	for k := range bits {
		bits[k] = make([]float64, out)
		for o := range bits[k] {
			mean := max(inputs[k]*outputs[o]/max(all, minMagnitude), minMagnitude)
			bits[k][o] = -math.Log2((math.Sqrt(1+mean*mean) - 1) / mean)
		}
	}
	return bits
}

// minMagnitude bounds the mean magnitude from below: at 0.01 a unit takes
// 7.6 bits, and what never occurs would take infinitely many. Not tuned.
const minMagnitude = 0.01
