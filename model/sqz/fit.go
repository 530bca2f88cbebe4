package sqz

import (
	"math"
	"slices"

	"halfmeg/model"
)

// fit chooses the predictor that a convolution's weights are coded with: the
// least squares fit of each weight, and of each magnitude, to its terms.
// A reader has no use for it: the file holds the result.
func fit(s model.Step, weights []int8) predictor {
	var sum int64
	for _, w := range weights {
		sum += int64(max(int32(w), -int32(w)))
	}
	start := int32(sum * fine / int64(len(weights)))
	sc := newScan(s, predictor{start: start})
	var value, magnitude normal
	for filter := range slices.Chunk(weights, s.Weights()/s.Out) {
		for k := range s.Kernel * s.Kernel {
			sc.collect(filter, k, &value, &magnitude)
			sc.learn(sc.run(filter, k), k)
		}
	}
	return predictor{value: value.solve(), magnitude: magnitude.solve(), start: start}
}

// collect adds the equations of run k: each weight is to be the sum of its
// terms times their factors, and so its magnitude.
func (sc *scan) collect(filter []int8, k int, value, magnitude *normal) {
	var runs [len(neighbours)][]int8
	for n := range runs {
		runs[n] = sc.neighbour(filter, k, n)
	}
	for i, w := range sc.run(filter, k) {
		var v, m [terms]int64
		for n, run := range runs {
			if run != nil {
				v[n] = fine * int64(run[i])
				m[n] = max(v[n], -v[n])
			}
		}
		v[average], m[average] = int64(sc.mean[k*sc.in+i]), int64(sc.spread[k*sc.in+i])
		value.add(&v, fine*int64(w))
		magnitude.add(&m, fine*max(int64(w), -int64(w)))
	}
}

// normal holds the normal equations of a least squares fit: the sums of
// products of terms with terms, and of terms with what they are to explain.
// They are integers and so exact in any order.
type normal struct {
	products [terms][terms]int64
	target   [terms]int64
}

func (n *normal) add(x *[terms]int64, y int64) {
	for i, a := range x {
		if a == 0 {
			continue
		}
		for j, b := range x[:i+1] {
			n.products[i][j] += a * b
		}
		n.target[i] += a * y
	}
}

// solve gives the factors in units of 1/one, by Cholesky's decomposition;
// a term that says nothing new gets 0. Products are rounded before they are
// added, so that every machine writes the same file.
func (n *normal) solve() (factors [terms]int32) {
	var l [terms][terms]float64
	var z, x [terms]float64
	for i := range terms {
		rest := float64(n.target[i])
		for j := range i + 1 {
			sum := float64(n.products[i][j])
			for k := range j {
				sum -= float64(l[i][k] * l[j][k])
			}
			switch {
			case j < i && l[j][j] > 0:
				l[i][j] = sum / l[j][j]
				rest -= float64(l[i][j] * z[j])
			case j == i && sum > 1e-6*float64(n.products[i][i]):
				l[i][i] = math.Sqrt(sum)
				z[i] = rest / l[i][i]
			}
		}
	}
	for i := terms - 1; i >= 0; i-- {
		if l[i][i] == 0 {
			continue
		}
		sum := z[i]
		for k := i + 1; k < terms; k++ {
			sum -= float64(l[k][i] * x[k])
		}
		x[i] = sum / l[i][i]
		factors[i] = int32(math.Round(max(-maxFactor, min(maxFactor, one*x[i]))))
	}
	return factors
}
