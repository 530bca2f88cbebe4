package quant

import (
	"math"

	"halfmeg/model"
	"halfmeg/model/trellis"
)

// metric says what errors in a convolution's weights cost.
type metric struct {
	inputs *factor // in the convolution's inputs, as codes

	// outputs is the same in its outputs, in ascending order; nil if errors in
	// one output are not to be made up for in others.
	outputs *factor
	weight  []float64 // what an error costs in each output: outputs' cost, or else ones
}

// rounder rounds a convolution's weights, input by input. For each input, a
// series of whole numbers over the outputs is found by Viterbi's algorithm:
// of all ways into a state of the trellis only the cheapest survives.
// Without a trellis there is one state, which allows every number, and the
// algorithm is plain rounding.
type rounder struct {
	metric
	target  []float64 // what the weights should be, [out][depth]
	held    []bool    // weights that are to be zero; nil is none
	scales  []float64 // real value of one step, by output
	trellis bool

	// rate is what a bit may cost, in the unit of inputs' cost times weight
	// times a squared error; 0 asks only for small errors.
	rate float64

	price   [][]float64           // bits for each step of an index away from zero, [input][output]
	carried []float64             // by output: what errors of earlier inputs ask of this one
	back    [][trellis.States]way // by output and state: how it was reached
	paths   [trellis.States]path  // of the states' survivors
	spare   [trellis.States]path  // memory for the next paths
}

// way leads into a state: from which one, and with which weight.
type way struct {
	from   uint8
	weight int8
}

// path is a survivor's residual errors, carried ones included, by output.
type path struct {
	cost   float64 // infinite where a state cannot be reached
	errors []float64
}

// round gives the weights.
func (r *rounder) round() []int8 {
	out, depth := len(r.scales), len(r.inputs.order)
	if r.rate > 0 {
		r.price = prices(r.target, r.scales)
	}
	r.carried, r.back = make([]float64, out), make([][trellis.States]way, out)
	for i := range r.paths {
		r.paths[i].errors, r.spare[i].errors = make([]float64, out), make([]float64, out)
	}
	weights := make([]int8, len(r.target))
	errors := make([][]float64, depth) // by place in the order, then output
	for p, k := range r.inputs.order {
		clear(r.carried)
		for q, u := range r.inputs.earlier[p] {
			for o, e := range errors[q] {
				r.carried[o] += float64(e * u)
			}
		}
		r.search(k, r.rate/r.inputs.cost[p])
		errors[p] = make([]float64, out)
		state := r.cheapest()
		for o := out - 1; o >= 0; o-- {
			w := r.back[o][state]
			at := o*depth + k
			weights[at] = w.weight
			errors[p][o] = r.target[at] - float64(float64(w.weight)*r.scales[o])
			state = int(w.from)
		}
	}
	return weights
}

// search finds the survivors for input k, output by output. rate is what a bit
// may cost.
func (r *rounder) search(k int, rate float64) {
	for i := range r.paths {
		r.paths[i].cost = math.Inf(1)
	}
	r.paths[0].cost = 0
	depth := len(r.inputs.order)
	for o := range r.scales {
		for i := range r.spare {
			r.spare[i].cost = math.Inf(1)
		}
		want := r.target[o*depth+k] + r.carried[o]
		for state := range r.paths {
			if !math.IsInf(r.paths[state].cost, 1) {
				step := 0.0
				if r.price != nil {
					step = rate * r.price[k][o]
				}
				r.extend(o, k, uint8(state), want, step)
			}
		}
		for i := range r.spare {
			if s := &r.spare[i]; r.outputs != nil && !math.IsInf(s.cost, 1) {
				w := r.back[o][i]
				copy(s.errors, r.paths[w.from].errors[:o])
				s.errors[o] = want - float64(float64(w.weight)*r.scales[o])
			}
		}
		r.paths, r.spare = r.spare, r.paths
	}
}

// extend tries the weights near to what is wanted behind a state's survivor.
// price is what each step of an index away from zero costs.
func (r *rounder) extend(o, k int, state uint8, want, price float64) {
	if r.outputs != nil {
		for q, u := range r.outputs.earlier[o] {
			want += float64(r.paths[state].errors[q] * u)
		}
	}
	steps := want / r.scales[o]
	if r.held != nil && r.held[o*len(r.inputs.order)+k] {
		r.try(o, state, trellis.Next(state, 0), 0, steps, 0)
		return
	}
	if !r.trellis {
		r.try(o, state, 0, int(nearest(steps)), steps, 0)
		return
	}
	// Of every two indices one leads to each of the next states.
	middle, _ := trellis.Index(state, int(nearest(steps)))
	for index := middle - 1; index <= middle+1; index++ {
		if w := trellis.Number(state, index); w >= -model.MaxWeight && w <= model.MaxWeight {
			r.try(o, state, trellis.Next(state, index), w, steps, float64(price*math.Abs(float64(index))))
		}
	}
}

// try makes a weight the way into a state if none is cheaper.
func (r *rounder) try(o int, from, to uint8, weight int, steps, price float64) {
	e := (steps - float64(weight)) * r.scales[o]
	if cost := r.paths[from].cost + float64(r.weight[o]*e*e) + price; cost < r.spare[to].cost {
		r.spare[to].cost = cost
		r.back[o][to] = way{from, int8(weight)}
	}
}

// prices says how many bits each step of an index away from zero takes, by
// input and output: as if the indices were distributed like |k| powers of
// one number, whose mean magnitude is the product of the input's and the
// output's.
func prices(target, scales []float64) [][]float64 {
	out := len(scales)
	depth := len(target) / out
	inputs, outputs, all := make([]float64, depth), make([]float64, out), 0.0
	for i, v := range target {
		k := math.Abs(v) / scales[i/depth] / 2
		inputs[i%depth] += k / float64(out)
		outputs[i/depth] += k / float64(depth)
		all += k / float64(len(target))
	}
	price := make([][]float64, depth)
	for k := range price {
		price[k] = make([]float64, out)
		for o := range price[k] {
			mean := max(inputs[k]*outputs[o]/max(all, minMagnitude), minMagnitude)
			price[k][o] = -math.Log2((math.Sqrt(1+mean*mean) - 1) / mean)
		}
	}
	return price
}

// minMagnitude is the smallest mean of indices: a hundredth takes 7 bits.
const minMagnitude = 0.01

// cheapest is the state whose survivor costs least.
func (r *rounder) cheapest() int {
	best := 0
	for state := range r.paths {
		if r.paths[state].cost < r.paths[best].cost {
			best = state
		}
	}
	return best
}

// nearestPaths rounds weights [out][depth] along the trellis, each input's by
// themselves: of all that the trellis allows what is nearest to the latent
// ones. Weights that are held (nil is none) stay zero.
func nearestPaths(weights []int8, latent []float32, held []bool, depth int) {
	out := len(latent) / depth
	back := make([][trellis.States]way, out)
	for k := range depth {
		var cost [trellis.States]float32
		for i := range cost[1:] {
			cost[i+1] = math.MaxFloat32
		}
		for o := range out {
			at := o*depth + k
			cost = extendNearest(&cost, &back[o], latent[at], held != nil && held[at])
		}
		best := 0
		for state, c := range cost {
			if c < cost[best] {
				best = state
			}
		}
		for o := out - 1; o >= 0; o-- {
			w := back[o][best]
			weights[o*depth+k] = w.weight
			best = int(w.from)
		}
	}
}

// extendNearest takes the survivors' costs one weight further.
func extendNearest(cost *[trellis.States]float32, back *[trellis.States]way, v float32, held bool) (next [trellis.States]float32) {
	var number [2][2]int8 // the nearest one by the kind of state and the lowest bit of the index
	var square [2][2]float32
	for odd := range uint8(2) {
		middle, _ := trellis.Index(odd, int(nearest(float64(v))))
		for bit := range square[odd] {
			square[odd][bit] = math.MaxFloat32
		}
		for k := middle - 1; k <= middle+1; k++ {
			n := trellis.Number(odd, k)
			if held && n != 0 {
				continue
			}
			if e := v - float32(n); n >= -model.MaxWeight && n <= model.MaxWeight && float32(e*e) < square[odd][k&1] {
				square[odd][k&1], number[odd][k&1] = float32(e*e), int8(n)
			}
		}
	}
	for state := range next {
		next[state] = math.MaxFloat32
	}
	for state, c := range cost {
		odd := trellis.Odd(uint8(state))
		for bit := range 2 {
			to := trellis.Next(uint8(state), bit)
			if sum := c + square[odd][bit]; sum < next[to] {
				next[to], back[to] = sum, way{uint8(state), number[odd][bit]}
			}
		}
	}
	return next
}
