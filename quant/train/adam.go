package train

import "math"

// Optimiser decides from the gradients of successive batches how far to move
// a slice of parameters. Each slice has an Optimiser of its own.
type Optimiser interface {
	// Step takes in a batch's gradient and writes to update what to subtract
	// from each parameter at the given learning rate. Update and gradient may
	// be the same slice.
	Step(update, gradient []float32, rate float64)
}

// Adam is the Optimiser of Kingma and Ba, arXiv:1412.6980, algorithm 1: it
// divides the running mean of a derivative by the square root of the running
// mean of its square, so that a parameter moves by about the rate per step, whatever
// the scale of its derivative.
type Adam struct {
	mean, square []float32 // m and v of the paper
	steps        int       // taken so far, t of the paper
}

// NewAdam returns an Adam for n parameters.
func NewAdam(n int) *Adam { return &Adam{mean: make([]float32, n), square: make([]float32, n)} }

// The decay rates are the paper's defaults (section 2): beta1 and beta2. Its
// epsilon of 1e-8 would dominate here: the derivative of a divergence that has
// nearly vanished, by one of a million weights, is smaller than that. It only
// has to prevent 0/0.
const (
	meanDecay   = 0.9
	squareDecay = 0.999
	epsilon     = 1e-30
)

// Step implements Optimiser.
func (a *Adam) Step(update, gradient []float32, rate float64) {
	a.steps++
	// Both means start at zero; dividing by these makes up for it (section 3).
	meanShare := 1 - math.Pow(meanDecay, float64(a.steps))
	squareShare := 1 - math.Pow(squareDecay, float64(a.steps))
	for i, d := range gradient {
		a.mean[i] += float32((1 - meanDecay) * (d - a.mean[i]))
		a.square[i] += float32((1 - squareDecay) * (float32(d*d) - a.square[i]))
		mean, square := float64(a.mean[i])/meanShare, float64(a.square[i])/squareShare
		update[i] = float32(rate * mean / (math.Sqrt(square) + epsilon))
	}
}
