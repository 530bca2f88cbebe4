package quant

import (
	"errors"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// refit returns the weights [out][depth] whose outputs on the quantized
// network's codes come nearest to those of the float network's weights W on its
// own activations. The least squares solution is W + W*C*inverse(H), with the
// cross-covariance C and the damped Hessian H (the asymmetric objective of
// GPTAQ: Li et al., arXiv:2504.02692). Pruned weights stay zero; nil means that
// there are none.
func (m *inputStats) refit(weights []float32, out int, inScale float64, pruned []bool) []float64 {
	depth := m.n - 1
	w := mat.NewDense(out, depth, nil)
	for i, v := range weights {
		w.RawMatrix().Data[i] = float64(v)
	}
	var right mat.Dense
	right.Mul(w, m.crossCovariance(inScale))
	chol := dampedCholesky(m.hessian())
	if pruned != nil {
		w.Add(w, solveSparse(chol, &right, pruned))
		return w.RawMatrix().Data
	}
	var delta mat.Dense
	if err := chol.SolveTo(&delta, right.T()); err != nil && !isCondition(err) {
		return w.RawMatrix().Data
	}
	w.Add(w, delta.T())
	return w.RawMatrix().Data
}

// solveRounds is the number of conjugate gradient steps of solveSparse. Not
// tuned.
const solveRounds = 30

// solveSparse returns the X with pruned elements zero that minimises the
// error of X*H = B in the norm of inverse(H). Every row has a different set of
// free variables, so that one factorisation of H cannot solve them all:
// conjugate gradients (Hestenes and Stiefel 1952), all rows in parallel.
func solveSparse(chol *mat.Cholesky, b *mat.Dense, pruned []bool) *mat.Dense {
	rows, n := b.Dims()
	var h mat.SymDense
	chol.ToSym(&h)
	x, product := mat.NewDense(rows, n, nil), mat.NewDense(rows, n, nil)
	residual := mat.DenseCopyOf(b)
	setZero(residual, pruned)
	direction := mat.DenseCopyOf(residual)
	for range solveRounds {
		product.Mul(direction, &h)
		setZero(product, pruned)
		for i := range rows {
			r, d, p := residual.RawRowView(i), direction.RawRowView(i), product.RawRowView(i)
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

// setZero sets the marked elements to zero.
func setZero(m *mat.Dense, marked []bool) {
	for i, zero := range marked {
		if zero {
			m.RawMatrix().Data[i] = 0
		}
	}
}

// findPruned marks the zero weights of a pruned layer; nil means that the
// layer is not pruned. Pruned weights stay zero: they take few bytes in the
// file, and the other weights were trained with them at zero.
func findPruned(weights []float32) []bool {
	marked, count := make([]bool, len(weights)), 0
	for i, w := range weights {
		if w == 0 {
			marked[i] = true
			count++
		}
	}
	if float64(count) < prunedShare*float64(len(weights)) {
		return nil
	}
	return marked
}

// prunedShare is the share of zero weights that makes a layer count as pruned.
// Not tuned: networks trained in float32 have next to none, pruned ones many
// (Han et al., arXiv:1510.00149, section 2).
const prunedShare = 0.1

// isCondition distinguishes a warning of poor condition, which damping has
// made harmless, from a failure.
func isCondition(err error) bool {
	var condition mat.Condition
	return errors.As(err, &condition)
}
