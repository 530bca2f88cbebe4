package quant

import (
	"math"
	"sync/atomic"

	"halfmeg/quant/float"
)

// histogram counts the activations of each channel in bins of their float32
// bits' upper part: 32 bins an octave, whatever the range. It may be filled
// by several goroutines.
type histogram struct {
	channels int
	counts   []atomic.Uint32 // [channel][binCount]
	beyond   atomic.Bool     // a value was above maxActivation or not a number
}

// maxActivation is beyond any real network, and small enough that sums of
// squares stay finite float32 numbers.
const maxActivation = 1e12

const (
	binShift   = 18
	binCount   = 0x7f800000 >> binShift // positive finite values
	codeLevels = 255                    // steps between the smallest and the largest code
)

func newHistogram(channels int) *histogram {
	return &histogram{channels: channels, counts: make([]atomic.Uint32, channels*binCount)}
}

// add counts the positive values of a map: zeros are exact at every scale.
func (h *histogram) add(m float.Map) {
	for i, v := range m.Data {
		if !(v <= maxActivation) {
			h.beyond.Store(true)
		} else if v > 0 {
			h.counts[i%h.channels*binCount+int(math.Float32bits(v)>>binShift)].Add(1)
		}
	}
}

// centre is the middle of a bin.
func centre(bin int) float64 {
	return float64(math.Float32frombits(uint32(bin)<<binShift | 1<<(binShift-1)))
}

// channel is the bins in use of one channel, as values and how often each
// occurs, in rising order.
func (h *histogram) channel(c int) distribution {
	var d distribution
	for b := range binCount {
		if n := h.counts[c*binCount+b].Load(); n > 0 {
			d = append(d, weighted{centre(b), float64(n)})
		}
	}
	return d
}

// distribution is positive values in rising order with their weights.
type distribution []weighted

type weighted struct{ value, weight float64 }

// largest is the last value; 0 where nothing is positive.
func (d distribution) largest() float64 {
	if len(d) == 0 {
		return 0
	}
	return d[len(d)-1].value
}

// squaredError sums the squared error of all values when a code is worth
// scale: what lies above the last code is clipped, what lies below half a
// code becomes zero, the rest is off by a uniform step.
func (d distribution) squaredError(scale float64) float64 {
	total := 0.0
	for _, v := range d {
		e := float64(scale*scale) / 12
		switch {
		case v.value > codeLevels*scale:
			e = v.value - float64(codeLevels*scale)
			e *= e
		case v.value < scale/2:
			e = v.value * v.value
		}
		total += float64(v.weight * e)
	}
	return total
}

// bestScale is the value of a code, largest/codeLevels at most, at which the
// error is smallest: a smaller one rounds finer and clips more.
func bestScale(largest float64, squaredError func(scale float64) float64) float64 {
	best, bestError := largest, math.Inf(1)
	for clip := 1.0; clip > 0.2; clip -= 0.01 {
		if e := squaredError(largest * clip / codeLevels); e < bestError {
			best, bestError = largest*clip, e
		}
	}
	return best / codeLevels
}

// minScale keeps products of scales normal float32 numbers.
const minScale = 1e-12
