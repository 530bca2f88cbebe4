package sqz

import (
	"math"

	"halfmeg/model"
)

// fit chooses what a convolution's weights are predicted with: the similar
// filters, and the least squares fit of each weight, and of each magnitude, to its terms.
// A weight counts less the larger it is expected to be, as its own size
// would make up the sum otherwise; the first of two fits does not know that yet.
// A reader has no use for it: the file holds the result.
func fit(s model.Step, weights []int8) (predictor, []likeness) {
	like := likenesses(s, weights)
	by := predictor{start: int32(int64(total(weights)) * fine / int64(len(weights)))}
	size := len(weights) / s.Out
	for range 2 {
		var value, magnitude normal
		sc := newScan(s, by)
		for o := range s.Out {
			filter := weights[o*size:][:size]
			sc.begin(weights, o, like[o])
			for k := range s.Kernel * s.Kernel {
				r := sc.run(filter, k)
				sc.each(r, func(i int) { sc.collect(filter, k, i, &r, &value, &magnitude) })
			}
		}
		copy(by.value[:], value.solve(valueTerms))
		copy(by.magnitude[:], magnitude.solve(magnitudeTerms))
	}
	return by, like
}

// collect adds the equations of weight i of run k: the weight is to be the
// sum of its terms times their factors, and so its magnitude.
func (sc *scan) collect(filter []int8, k, i int, r *run, value, magnitude *normal) {
	var v, m [magnitudeTerms]float64
	if sc.side > 1 {
		for n := range neighbours {
			if run := sc.neighbour(filter, k/sc.side, k%sc.side, n); run != nil {
				v[n] = fine * float64(run[i])
				m[n] = math.Abs(v[n])
			}
		}
	}
	start := max(float64(sc.by.start), 1)
	similar := float64(sc.factors.similarValue) * float64(r.similar[i]) / one
	v[average], m[average] = float64(r.averages[i].mean), float64(r.averages[i].spread)
	m[similarity] = math.Abs(similar)
	m[strength] = float64(sc.row)
	m[product] = m[average] * m[strength] / start

	expected := 0.0
	for t := range m {
		expected += float64(m[t] * float64(sc.by.magnitude[t]) / one)
	}
	scale := 1 / max(expected, start/10, 5)
	for t := range m {
		v[t] *= scale
		m[t] *= scale
	}
	w := fine * float64(r.weights[i])
	value.add(&v, (w-similar)*scale)
	magnitude.add(&m, math.Abs(w)*scale)
}

// normal holds the normal equations of a least squares fit: the sums of
// products of terms with terms, and of terms with what they are to explain.
type normal struct {
	products [magnitudeTerms][magnitudeTerms]float64
	target   [magnitudeTerms]float64
}

// add adds an equation. Products are rounded before they are added, here and
// in solve, so that every machine writes the same file.
func (n *normal) add(x *[magnitudeTerms]float64, y float64) {
	for i, a := range x {
		if a == 0 {
			continue
		}
		for j, b := range x[:i+1] {
			n.products[i][j] += float64(a * b)
		}
		n.target[i] += float64(a * y)
	}
}

// solve gives the first factors in units of 1/one, by Cholesky's
// decomposition; a term that says nothing new gets 0.
func (n *normal) solve(terms int) []int32 {
	var l [magnitudeTerms][magnitudeTerms]float64
	var z, x [magnitudeTerms]float64
	for i := range terms {
		rest := n.target[i]
		for j := range i + 1 {
			sum := n.products[i][j]
			for k := range j {
				sum -= float64(l[i][k] * l[j][k])
			}
			switch {
			case j < i && l[j][j] > 0:
				l[i][j] = sum / l[j][j]
				rest -= float64(l[i][j] * z[j])
			case j == i && sum > 1e-6*n.products[i][i]:
				l[i][i] = math.Sqrt(sum)
				z[i] = rest / l[i][i]
			}
		}
	}
	factors := make([]int32, terms)
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
