package train

// SGD is the Optimiser of stochastic gradient descent with momentum, as in
// Caffe: v = momentum*v + g, and a parameter moves by rate*v.
type SGD struct {
	momentum float32
	velocity []float32
}

// NewSGD returns an SGD that keeps its state in velocity: as many numbers as
// there are parameters, zeros at the start.
func NewSGD(momentum float64, velocity []float32) *SGD {
	return &SGD{float32(momentum), velocity}
}

// Step implements Optimiser.
func (s *SGD) Step(update, gradient []float32, rate float64) {
	r := float32(rate)
	for i, g := range gradient {
		v := float32(s.momentum*s.velocity[i]) + g // the conversion forbids a fused multiply-add
		s.velocity[i] = v
		update[i] = r * v
	}
}
