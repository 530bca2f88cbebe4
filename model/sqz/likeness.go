package sqz

import (
	"fmt"
	"math"
	"math/bits"

	"halfmeg/model"
	"halfmeg/model/sqz/internal/arith"
)

// likeness says which earlier filter a filter is like: that of a related
// class, or with a similar pattern.
type likeness struct {
	back int   // how many filters before this one, at most maxBack; 0 if there is none
	gain int32 // by how much of it to expect, in units of 1/gainOne
}

// maxBack bounds an encoder's search, which takes a product of each pair of filters.
const maxBack = 1 << 10

// likenessModel codes the likenesses of a convolution's filters.
type likenessModel struct {
	some  arith.Bit
	gains numberModel
}

// code codes the likeness of filter o.
func (m *likenessModel) code(c coder, l *likeness, o int) {
	most := min(o, maxBack)
	some := 0
	if l.back != 0 {
		some = 1
	}
	if most == 0 || c.bit(&m.some, some) == 0 {
		return
	}
	l.back = int(c.raw(uint32(l.back-1), bits.Len(uint(most-1)))) + 1
	l.gain = m.gains.signed(c, l.gain)
	if l.back > most || l.gain < -maxGain || l.gain > maxGain {
		c.fail(fmt.Errorf("filter %d is said to be %d/%d times the %dth before it", o, l.gain, gainOne, l.back))
	}
}

// likenesses finds for each filter the earlier one that explains most of what
// the average of the earlier ones does not, if that saves more bits than
// naming it costs.
func likenesses(s model.Step, weights []int8) []likeness {
	size := len(weights) / s.Out
	like := make([]likeness, s.Out)
	squares := make([]float64, s.Out) // of the filters
	mean := make([]float64, size)
	rest := make([]float32, size) // of the filter without the mean
	for o := range s.Out {
		filter := weights[o*size:][:size]
		squares[o] = subtract(rest, filter, mean)
		nonzero := count(filter)
		restSquare := 0.0
		for _, r := range rest {
			restSquare += float64(float64(r) * float64(r))
		}
		best := 0.0
		for p := max(0, o-maxBack); p < o; p++ {
			product := dot(weights[p*size:][:size], rest)
			if explained := product * product / squares[p]; squares[p] > 0 && explained > best {
				gain := math.Round(max(-maxGain, min(maxGain, gainOne*product/squares[p])))
				best, like[o] = explained, likeness{o - p, int32(gain)}
			}
		}
		left := max(1e-3, 1-best/max(restSquare, 1))
		saved := -math.Log2(left) / 2 * float64(nonzero) // bits, if the weights that are not zero were Gaussian
		if cost := 4 + math.Log2(float64(min(o, maxBack)+1)); like[o].gain == 0 || saved < cost {
			like[o] = likeness{}
		}
		for i, w := range filter {
			mean[i] += (float64(w) - mean[i]) / (1 << meanShift)
		}
	}
	return like
}

// subtract makes rest the filter less its projection on the mean, and returns the filter's square.
func subtract(rest []float32, filter []int8, mean []float64) (square float64) {
	var mm, mw float64
	for i, w := range filter {
		mm += float64(mean[i] * mean[i])
		mw += float64(mean[i] * float64(w))
		square += float64(float64(w) * float64(w))
	}
	gain := mw / max(mm, 1e-9)
	for i, w := range filter {
		rest[i] = float32(float64(w) - float64(gain*mean[i]))
	}
	return square
}

func dot(filter []int8, v []float32) float64 {
	sum := float32(0)
	for i, w := range filter {
		sum += float32(float32(w) * v[i])
	}
	return float64(sum)
}

// count is the number of weights that are not zero.
func count(filter []int8) (n int) {
	for _, w := range filter {
		if w != 0 {
			n++
		}
	}
	return n
}
