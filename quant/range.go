package quant

import (
	"math"

	"halfmeg/quant/float"
)

// histogram counts the activations of each channel. The upper bits of a
// float32 select the bin, 32 bins per octave, so that the range need not be
// known before. Counts do not depend on the order.
type histogram struct {
	channels int
	counts   []uint32 // [channel][binCount]
	overflow bool     // a value was beyond ±maxActivation or NaN
}

// maxActivation is far above the activations of any real network, and small
// enough that sums of squares stay finite float32 numbers.
const maxActivation = 1e12

const (
	binShift   = 18
	binCount   = 0x7f800000 >> binShift // of the positive finite values
	codeLevels = 255                    // the largest code
)

func newHistogram(channels int) *histogram {
	return &histogram{channels: channels, counts: make([]uint32, channels*binCount)}
}

// add counts the positive values of a map: zeros are exact at any scale.
func (h *histogram) add(m float.Map) {
	for at := 0; at < len(m.Data); at += h.channels {
		for c, v := range m.Data[at : at+h.channels] {
			if !(math.Abs(float64(v)) <= maxActivation) {
				h.overflow = true
			} else if v > 0 {
				h.counts[c*binCount+int(math.Float32bits(v)>>binShift)]++
			}
		}
	}
}

// merge adds another histogram with the same number of channels.
func (h *histogram) merge(other *histogram) {
	accumulate(h.counts, other.counts)
	h.overflow = h.overflow || other.overflow
}

// centre returns the middle of a bin.
func centre(bin int) float64 {
	return float64(math.Float32frombits(uint32(bin)<<binShift | 1<<(binShift-1)))
}

// channel returns the non-empty bins of one channel.
func (h *histogram) channel(c int) distribution {
	var d distribution
	for b := range binCount {
		if n := h.counts[c*binCount+b]; n > 0 {
			d = append(d, weighted{centre(b), float64(n)})
		}
	}
	return d
}

// distribution is positive values in rising order and how often each occurs.
type distribution []weighted

type weighted struct{ value, weight float64 }

// largest returns the largest value; 0 if there is none.
func (d distribution) largest() float64 {
	if len(d) == 0 {
		return 0
	}
	return d[len(d)-1].value
}

// squaredError sums the squared errors of all values at a scale: values above
// the last code are clipped, values below half a code become zero, all others
// have the variance of a uniform error, scale²/12.
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

// bestScale returns the scale, at most largest/codeLevels, with the smallest
// error: a smaller scale rounds finer and clips more. It is a grid search
// over clipping thresholds (Nagel et al., arXiv:2106.08295, section 3.1).
func bestScale(largest float64, squaredError func(scale float64) float64) float64 {
	best, bestError := largest, math.Inf(1)
	for clip := 1.0; clip > minClip; clip -= clipStep {
		if e := squaredError(largest * clip / codeLevels); e < bestError {
			best, bestError = largest*clip, e
		}
	}
	return best / codeLevels
}

// The grid of bestScale. Not tuned.
const (
	minClip  = 0.2 // of the largest activation
	clipStep = 0.01
)

// minScale keeps products of two scales normal float32 numbers.
const minScale = 1e-12
