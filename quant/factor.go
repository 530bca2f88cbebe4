package quant

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// factor is a positive definite matrix H as U*D*U', in the order in which
// things are rounded: an error e costs the sum of D[p]*F[p]² with
//
//	F[p] = e[p] + sum over q < p of e[q]*U[q][p]
//
// so that what is rounded at place p should make F[p] small, whatever has
// been rounded before it: errors are made up for as far as they correlate
// (GPTQ, Frantar et al., arXiv:2210.17323; its root is OBS, Hassibi and Stork 1993).
type factor struct {
	order   []int       // order[p] is the index of what is rounded at place p
	earlier [][]float64 // earlier[p][q] is U[q][p]
	cost    []float64   // D, by place
}

// newFactor factorizes a symmetric matrix, damped as far as it must be.
func newFactor(h *mat.SymDense, order []int) *factor {
	n := len(order)
	backwards := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			backwards.SetSym(i, j, h.At(order[n-1-i], order[n-1-j]))
		}
	}
	var lower mat.TriDense
	damped(backwards).LTo(&lower)
	f := &factor{order: order, earlier: make([][]float64, n), cost: make([]float64, n)}
	for p := range n {
		i := n - 1 - p
		d := lower.At(i, i)
		f.cost[p] = d * d
	}
	for p := range n {
		f.earlier[p] = make([]float64, p)
		for q := range p {
			i, j := n-1-p, n-1-q // j is below i
			f.earlier[p][q] = lower.At(j, i) / lower.At(i, i)
		}
	}
	return f
}

// meanCost is the cost of an error of size one, as a mean over the places.
func (f *factor) meanCost() float64 {
	sum := 0.0
	for _, c := range f.cost {
		sum += c
	}
	return sum / float64(len(f.cost))
}

// descendingDiagonal is the order in which the inputs with most energy are
// rounded first, while most others are still free.
func descendingDiagonal(h *mat.SymDense) []int {
	order := ascending(h.SymmetricDim())
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(h.At(b, b), h.At(a, a)) })
	return order
}

// ascending is 0, 1, … n-1.
func ascending(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}

// damping is added to a matrix's diagonal, as a part of its mean: it keeps
// what calibration has hardly seen near its own value.
const damping = 0.01

// damped factorizes a matrix plus a diagonal that makes it positive definite.
func damped(h *mat.SymDense) *mat.Cholesky {
	n := h.SymmetricDim()
	trace := 0.0
	for i := range n {
		trace += h.At(i, i)
	}
	ridge := damping * trace / float64(n)
	if ridge < math.SmallestNonzeroFloat32 { // nothing was seen at all
		ridge = 1
	}
	if !(ridge <= math.MaxFloat64) { // beyond repair: every error by itself
		h, ridge = mat.NewSymDense(n, nil), 1
	}
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
