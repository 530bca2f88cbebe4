package quant

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"halfmeg/model"
	"halfmeg/quant/float"
)

// kfac approximates the Fisher information of one convolution by the Kronecker
// product of a matrix over its inputs and one over its outputs (K-FAC: Martens
// and Grosse, arXiv:1503.05671; for rounding: Tseng et al., arXiv:2505.22988). Both are computed from the
// derivative with respect to the weights, summed over all pixels, since an error
// of a weight is the same at all pixels:
//
//	inputs  = E[G'G], trace = information of the whole layer
//	outputs = E[GG'] / trace(E[GG'])
//
// with G the derivative [out][depth+1] of the log-likelihood of a label.
type kfac struct {
	depth, out int

	// Only the upper triangles of these symmetric matrices are valid.
	inputs  []float64 // [depth+1][depth+1], the last for the bias
	outputs []float64 // [out][out], of trace 1; nil for the head
}

// newKFAC returns empty sums. The head has no matrix over its outputs: with a
// thousand classes it would have a million elements, too many to estimate from
// few pictures.
func newKFAC(s model.Step) *kfac {
	depth := s.Weights() / s.Out
	k := &kfac{depth: depth, out: s.Out, inputs: make([]float64, (depth+1)*(depth+1))}
	if s.Kind != model.Conv10 {
		k.outputs = make([]float64, s.Out*s.Out)
	}
	return k
}

// kfacMemory is the working memory of add, for one goroutine.
type kfacMemory struct {
	gradient, rows, product []float32
	packed                  float.Packed
}

// add adds the derivatives with respect to the weights [out][depth] and the
// biases of one sample.
func (k *kfac) add(weights, biases []float32, m *kfacMemory) {
	n := k.depth + 1
	rows := resize(&m.rows, k.out*n) // [out][depth+1]
	for o, b := range biases {
		row := rows[o*n : (o+1)*n]
		copy(row, weights[o*k.depth:(o+1)*k.depth])
		row[k.depth] = b
	}
	m.packed.Set(rows, k.out, n)
	m.addProduct(k.inputs, float.Left{Data: rows, Row: 1, Step: n}, n)
	if k.outputs != nil {
		m.packed.SetTransposed(rows, k.out, n)
		m.addProduct(k.outputs, float.Left{Data: rows, Row: n, Step: 1}, k.out)
	}
}

// addProduct adds the upper triangle of left times the packed matrix to sums, [n][n].
func (m *kfacMemory) addProduct(sums []float64, left float.Left, n int) {
	product := resize(&m.product, n*n)
	m.packed.MulUpper(product, n, left)
	addUpper(sums, product, n)
}

// normalize turns sums over count samples into means.
func (k *kfac) normalize(count int) {
	trace := 0.0
	for o := 0; o < len(k.outputs); o += k.out + 1 {
		trace += k.outputs[o]
	}
	for i := range k.inputs {
		k.inputs[i] /= float64(count)
	}
	for i := range k.outputs {
		k.outputs[i] /= max(trace, math.SmallestNonzeroFloat32) // 0 where no picture reaches the layer
	}
}

// finite reports whether all elements are finite numbers.
func (k *kfac) finite() bool {
	return !slices.ContainsFunc(slices.Concat(k.inputs, k.outputs), func(v float64) bool { return !(math.Abs(v) <= math.MaxFloat64) })
}

// inputCovariance returns the matrix over inputs after channel scaling by
// channelScale (nil means 1), in units of one code (real value scale), with
// the bias eliminated (Schur complement).
func (k *kfac) inputCovariance(channelScale []float64, scale float64) *mat.SymDense {
	n := k.depth + 1
	bias := max(k.inputs[n*n-1], math.SmallestNonzeroFloat32)
	unit := func(i int) float64 {
		if channelScale == nil {
			return 1 / scale
		}
		return channelScale[i%len(channelScale)] / scale
	}
	h := mat.NewSymDense(k.depth, nil)
	for i := range k.depth {
		for j := i; j < k.depth; j++ {
			v := k.inputs[i*n+j] - float64(k.inputs[i*n+k.depth]*k.inputs[j*n+k.depth]/bias)
			h.SetSym(i, j, v*unit(i)*unit(j))
		}
	}
	return h
}

// outputCovariance returns the matrix over outputs that were multiplied by
// channelScale (nil means 1).
func (k *kfac) outputCovariance(channelScale []float64) *mat.SymDense {
	g := mat.NewSymDense(k.out, nil)
	for i := range k.out {
		for j := i; j < k.out; j++ {
			v := k.outputs[i*k.out+j]
			if channelScale != nil {
				v /= channelScale[i] * channelScale[j]
			}
			g.SetSym(i, j, v)
		}
	}
	return g
}
