package classify

import "math"

// Class is one class of an answer.
type Class struct {
	Index       int     `json:"class"`       // index of the logit
	Label       string  `json:"label"`       // the class's name; TopK leaves it empty
	Probability float32 `json:"probability"` // softmax over all classes
	Logit       float32 `json:"logit"`       // as the network returned it
}

// TopK returns the k most probable classes, the most probable first; of equal
// logits the lower class comes first. With fewer than k logits it returns them
// all.
func TopK(logits []float32, k int) []Class {
	k = min(k, len(logits))
	if k <= 0 {
		return nil
	}
	top := make([]Class, 0, k)
	for class, logit := range logits {
		top = insert(top, Class{Index: class, Logit: logit})
	}
	sum := expSum(logits, top[0].Logit)
	for i := range top {
		top[i].Probability = float32(math.Exp(float64(top[i].Logit-top[0].Logit)) / sum)
	}
	return top
}

// insert puts c after every class that is at least as probable. A list that is
// full to its capacity loses its last entry.
func insert(top []Class, c Class) []Class {
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

// expSum returns the denominator of softmax. The largest logit is subtracted from
// every exponent, so that no term overflows and the sum is at least 1.
func expSum(logits []float32, largest float32) float64 {
	var sum float64
	for _, logit := range logits {
		sum += math.Exp(float64(logit - largest))
	}
	return sum
}
