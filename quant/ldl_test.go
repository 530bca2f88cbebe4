package quant

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// randomCovariance returns a positive definite matrix of strongly correlated
// variables.
func randomCovariance(r *rand.Rand, n int) *mat.SymDense {
	base := make([]float64, n)
	h := mat.NewSymDense(n, nil)
	for range 3 * n {
		common := r.NormFloat64()
		for i := range base {
			base[i] = common + 0.7*r.NormFloat64()
		}
		h.SymRankOne(h, 1, mat.NewVecDense(n, base))
	}
	return h
}

// TestLDL: U*D*U' is the damped matrix, in any order.
func TestLDL(t *testing.T) {
	const n = 7
	h := randomCovariance(rand.New(rand.NewPCG(1, 1)), n)
	for _, order := range [][]int{ascending(n), descendingDiagonal(h), {6, 0, 3, 2, 5, 1, 4}} {
		f := newLDL(h, order)
		for p, a := range order {
			for q, b := range order[:p+1] {
				sum := 0.0 // over places s >= p
				for s := p; s < n; s++ {
					u := func(q int) float64 {
						if q == s {
							return 1
						}
						return f.coefficients[s][q]
					}
					sum += f.cost[s] * u(p) * u(q)
				}
				want := h.At(a, b)
				if a == b {
					want += damping * mat.Trace(h) / n
				}
				require.InDelta(t, want, sum, 1e-9*mat.Trace(h))
			}
		}
	}
}
