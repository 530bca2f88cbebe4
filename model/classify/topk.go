// Package classify turns a network's logits into an answer for people:
// probabilities by softmax, and the likeliest classes first.
package classify

import "math"

// Candidate is one class of an answer.
type Candidate struct {
	Class       int     // index of the logit
	Logit       float32 // as the network gave it
	Probability float32 // softmax over all classes
}

// Top returns the k likeliest classes, the likeliest first; of equal logits
// the lower class comes first. With fewer than k logits it returns them all.
func Top(logits []float32, k int) []Candidate {
	k = min(k, len(logits))
	if k <= 0 {
		return nil
	}
	top := make([]Candidate, 0, k)
	for class, logit := range logits {
		top = insert(top, Candidate{Class: class, Logit: logit})
	}
	total := partition(logits, top[0].Logit)
	for i := range top {
		top[i].Probability = float32(math.Exp(float64(top[i].Logit-top[0].Logit)) / total)
	}
	return top
}

// insert puts c behind every candidate that is at least as likely. A full
// list loses its last; it never grows beyond its capacity.
func insert(top []Candidate, c Candidate) []Candidate {
	at := len(top)
	for at > 0 && top[at-1].Logit < c.Logit {
		at--
	}
	if at == cap(top) {
		return top
	}
	if len(top) < cap(top) {
		top = append(top, c)
	}
	copy(top[at+1:], top[at:])
	top[at] = c
	return top
}

// partition is softmax's denominator, with the largest logit taken off every
// exponent: no term overflows, and the sum is at least 1.
func partition(logits []float32, largest float32) float64 {
	var sum float64
	for _, logit := range logits {
		sum += math.Exp(float64(logit - largest))
	}
	return sum
}
