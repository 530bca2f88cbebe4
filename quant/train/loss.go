package train

import "math"

// Softmax returns the probabilities of logits, in float32 for the backward
// pass.
func Softmax(logits []float32) []float32 {
	top := logits[0]
	for _, l := range logits {
		top = max(top, l)
	}
	p := make([]float32, len(logits))
	sum := 0.0
	for c, l := range logits {
		e := math.Exp(float64(l - top))
		p[c] = float32(e)
		sum += e
	}
	for c := range p {
		p[c] = float32(float64(p[c]) / sum)
	}
	return p
}

// crossEntropy is the loss of one picture: the sum over the classes of
// -weight*target*log(softmax(logits)).
type crossEntropy struct {
	smoothing float64   // share of the target that is spread over all classes (Szegedy et al., arXiv:1512.00567, section 7)
	weights   []float32 // of the classes, or nil
}

// evaluate returns the loss and writes its derivative with respect to the logits
// to slope. The loss is computed from the logarithm of the sum of exponentials,
// so that no probability that underflows makes it infinite.
func (l crossEntropy) evaluate(slope, logits, target []float32) float64 {
	top := logits[0]
	for _, v := range logits {
		top = max(top, v)
	}
	sum := 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v) - float64(top))
	}
	logSum := float64(top) + math.Log(sum)
	loss, total := 0.0, 0.0
	for c, v := range logits {
		t := l.target(c, target)
		loss += float64(t * (logSum - float64(v)))
		total += t
	}
	for c, v := range logits {
		slope[c] = float32(float64(total*math.Exp(float64(v)-logSum)) - l.target(c, target))
	}
	return loss
}

// target returns the share of a class after smoothing, times its weight.
func (l crossEntropy) target(c int, target []float32) float64 {
	t := float64((1-l.smoothing)*float64(target[c])) + l.smoothing/float64(len(target))
	if l.weights != nil {
		t *= float64(l.weights[c])
	}
	return t
}

// largest is the index of the first largest value: the answer, or the label.
func largest(values []float32) int {
	best := 0
	for i, v := range values {
		if v > values[best] {
			best = i
		}
	}
	return best
}
