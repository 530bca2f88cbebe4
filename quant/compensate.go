package quant

import (
	"cmp"
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"halfmeg/model"
)

// Compensated rounds weights one input at a time and lets the weights that
// are still free make up for the error, as far as the inputs are correlated
// over the calibration pictures (GPTQ, Frantar et al., arXiv:2210.17323;
// its root is OBS, Hassibi and Stork 1993).
type Compensated struct{}

// damping is added to the Hessian's diagonal, as a part of its mean: it keeps
// what calibration has hardly seen near its own value.
const damping = 0.01

// Round implements Rounder.
func (Compensated) Round(s model.Step, steps []float64, c *curvature) []int8 {
	depth := len(steps) / s.Out
	out := make([]int8, len(steps))
	row := make([]float64, depth)
	for o := range s.Out {
		channel := steps[o*depth : (o+1)*depth]
		for j, k := range c.order {
			row[j] = channel[k]
		}
		for j, k := range c.order {
			q := nearest(row[j])
			out[o*depth+k] = q
			gain := (row[j] - float64(q)) / c.upper.At(j, j)
			for i, u := range c.upper.RawRowView(j)[j+1:] {
				row[j+1+i] -= float64(gain * u)
			}
		}
	}
	return out
}

func nearest(v float64) int8 {
	return int8(min(max(math.RoundToEven(v), -model.MaxWeight), model.MaxWeight))
}

// descendingDiagonal is the order in which weights are rounded: the inputs
// with most energy first, while most others are still free.
func descendingDiagonal(h *mat.SymDense) []int {
	order := make([]int, h.SymmetricDim())
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(h.At(b, b), h.At(a, a)) })
	return order
}

// curvature says how errors in the weights add up in a layer's output.
type curvature struct {
	order []int // in which weights are rounded

	// upper is U with U'U = inverse of the damped Hessian in that order. Row j
	// says how an error at weight j is best made up for by the later ones.
	upper *mat.Dense

	// left is what remains in the output's variance, as a mean over the
	// weights, of an error of variance one that the later weights made up for.
	left float64
}

// newCurvature factorizes a Hessian.
func newCurvature(h *mat.SymDense) *curvature {
	c := &curvature{order: descendingDiagonal(h)}
	c.upper = inverseFactor(h, c.order)
	for j := range c.order {
		u := c.upper.At(j, j)
		c.left += 1 / (u * u) / float64(len(c.order))
	}
	return c
}

func inverseFactor(h *mat.SymDense, order []int) *mat.Dense {
	n := len(order)
	ordered := mat.NewSymDense(n, nil)
	for i, a := range order {
		for j := i; j < n; j++ {
			ordered.SetSym(i, j, h.At(a, order[j]))
		}
	}
	var inverse mat.SymDense
	// A poor condition is only a warning: damping keeps the values in bounds.
	_ = damped(ordered).InverseTo(&inverse)
	var chol mat.Cholesky
	if !chol.Factorize(&inverse) {
		return identity(n)
	}
	var upper mat.TriDense
	chol.UTo(&upper)
	return mat.DenseCopyOf(&upper)
}

// identity lets every error stand by itself: what rounding falls back to
// where the Hessian is beyond repair.
func identity(n int) *mat.Dense {
	d := mat.NewDense(n, n, nil)
	for i := range n {
		d.Set(i, i, 1)
	}
	return d
}

// damped factorizes a Hessian plus a diagonal that makes it positive definite.
func damped(h *mat.SymDense) *mat.Cholesky {
	n := h.SymmetricDim()
	trace := 0.0
	for i := range n {
		trace += h.At(i, i)
	}
	ridge := damping*trace/float64(n) + minScale
	for {
		sum := mat.NewSymDense(n, nil)
		sum.CopySym(h)
		for i := range n {
			sum.SetSym(i, i, h.At(i, i)+ridge)
		}
		var chol mat.Cholesky
		if chol.Factorize(sum) {
			return &chol
		}
		ridge *= 10
	}
}

// hessian is the covariance of a convolution's input codes: what an error in
// the weights costs in the output once the bias has taken up its mean.
func (m *moments) hessian() *mat.SymDense {
	depth := m.n - 1
	count := m.gram[len(m.gram)-1]
	h := mat.NewSymDense(depth, nil)
	for i := range depth {
		for j := i; j < depth; j++ {
			mean := m.gram[i*m.n+depth] * m.gram[j*m.n+depth] / count
			h.SetSym(i, j, (m.gram[i*m.n+j]-mean)/count)
		}
	}
	return h
}

// mismatch is the covariance of inScale times the codes with what the float
// network has more than them: [input of the float network][code].
func (m *moments) mismatch(inScale float64) *mat.Dense {
	depth := m.n - 1
	count := m.gram[len(m.gram)-1]
	d := mat.NewDense(depth, depth, nil)
	for i := range depth {
		meanY := m.cross[i*m.n+depth] / count
		meanX := m.gram[i*m.n+depth] / count
		for j := range depth {
			mean := m.gram[j*m.n+depth]
			y := m.cross[i*m.n+j] - float64(meanY*mean)
			x := m.gram[i*m.n+j] - float64(meanX*mean)
			d.Set(i, j, (y/inScale-x)/count)
		}
	}
	return d
}

// retarget returns the weights [out][depth] that, applied to the codes which
// the quantized layers before really give, come nearest to what the float
// network's weights give on its own activations: W + W*D*inverse(H), where D
// is the mismatch and H the damped Hessian.
func (m *moments) retarget(weights []float32, out int, inScale float64) []float64 {
	depth := m.n - 1
	w := mat.NewDense(out, depth, nil)
	for i, v := range weights {
		w.RawMatrix().Data[i] = float64(v)
	}
	var right, delta mat.Dense
	right.Mul(w, m.mismatch(inScale))
	if err := damped(m.hessian()).SolveTo(&delta, right.T()); err != nil && !isCondition(err) {
		return w.RawMatrix().Data
	}
	w.Add(w, delta.T())
	return w.RawMatrix().Data
}

// isCondition tells a warning of poor condition, which damping has made
// harmless, from a failure.
func isCondition(err error) bool {
	var condition mat.Condition
	return errors.As(err, &condition)
}
