package quant

import (
	"errors"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

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
// is the mismatch and H the damped Hessian. Weights that are held stay zero.
func (m *moments) retarget(weights []float32, out int, inScale float64, held []bool) []float64 {
	depth := m.n - 1
	w := mat.NewDense(out, depth, nil)
	for i, v := range weights {
		w.RawMatrix().Data[i] = float64(v)
	}
	var right mat.Dense
	right.Mul(w, m.mismatch(inScale))
	chol := damped(m.hessian())
	if held != nil {
		w.Add(w, solveSome(chol, &right, held))
		return w.RawMatrix().Data
	}
	var delta mat.Dense
	if err := chol.SolveTo(&delta, right.T()); err != nil && !isCondition(err) {
		return w.RawMatrix().Data
	}
	w.Add(w, delta.T())
	return w.RawMatrix().Data
}

// solveRounds is how many steps of conjugate gradients are taken: with some
// unknowns left out every row is a system of its own, too many to factorize.
const solveRounds = 30

// solveSome gives X with X*H = B in the least squares sense of H, where the
// held elements of X are zero: conjugate gradients, all rows side by side.
func solveSome(chol *mat.Cholesky, b *mat.Dense, held []bool) *mat.Dense {
	rows, n := b.Dims()
	var h mat.SymDense
	chol.ToSym(&h)
	x, product := mat.NewDense(rows, n, nil), mat.NewDense(rows, n, nil)
	rest := mat.DenseCopyOf(b)
	release(rest, held)
	direction := mat.DenseCopyOf(rest)
	for range solveRounds {
		product.Mul(direction, &h)
		release(product, held)
		for i := range rows {
			r, d, p := rest.RawRowView(i), direction.RawRowView(i), product.RawRowView(i)
			before, curvature := floats.Dot(r, r), floats.Dot(d, p)
			if !(before > 0 && curvature > 0) {
				clear(d)
				continue
			}
			step := before / curvature
			floats.AddScaled(x.RawRowView(i), step, d)
			floats.AddScaled(r, -step, p)
			floats.Scale(floats.Dot(r, r)/before, d)
			floats.Add(d, r)
		}
	}
	return x
}

// release sets the held elements to zero.
func release(m *mat.Dense, held []bool) {
	for i, h := range held {
		if h {
			m.RawMatrix().Data[i] = 0
		}
	}
}

// pruned tells which weights of a layer are zero on purpose, or nil if few
// are: they take little room in the file, and are to stay so.
func pruned(weights []float32) []bool {
	held, count := make([]bool, len(weights)), 0
	for i, w := range weights {
		if w == 0 {
			held[i] = true
			count++
		}
	}
	if float64(count) < prunedShare*float64(len(weights)) {
		return nil
	}
	return held
}

// prunedShare is the part of a layer's weights from which on zeros are no accident.
const prunedShare = 0.1

// isCondition tells a warning of poor condition, which damping has made
// harmless, from a failure.
func isCondition(err error) bool {
	var condition mat.Condition
	return errors.As(err, &condition)
}
