package metrics

import "math"

// Temperature returns the factor 1/T by which logits are multiplied so that the
// probabilities fit the labelled pictures best: with the least cross-entropy (Guo et
// al., arXiv:1706.04599, section 4.2). It is 1 without labelled pictures. The answers
// stay the same.
func Temperature(logits [][]float32, labels []int) float64 {
	labelled := false
	for _, l := range labels {
		labelled = labelled || l >= 0
	}
	if !labelled {
		return 1
	}
	// The cross-entropy is convex in the factor: a search by the golden section of
	// the logarithm finds the minimum, or ends near a bound.
	low, high := math.Log(leastFactor), math.Log(largestFactor)
	golden := (math.Sqrt(5) - 1) / 2
	for range 40 {
		a, b := high-golden*(high-low), low+golden*(high-low)
		if crossEntropy(logits, labels, math.Exp(a)) < crossEntropy(logits, labels, math.Exp(b)) {
			high = b
		} else {
			low = a
		}
	}
	return math.Exp((low + high) / 2)
}

// Bounds of the factor. On a few pictures that are all right, the best factor would be
// infinite.
const (
	leastFactor   = 0.2
	largestFactor = 3
)

// crossEntropy returns the sum over the labelled pictures.
func crossEntropy(logits [][]float32, labels []int, factor float64) float64 {
	sum := 0.0
	for i, l := range logits {
		if labels[i] < 0 {
			continue
		}
		top := float64(l[ArgMax(l)])
		total := 0.0
		for _, v := range l {
			total += math.Exp(factor * (float64(v) - top))
		}
		sum += math.Log(total) - factor*(float64(l[labels[i]])-top)
	}
	return sum
}
