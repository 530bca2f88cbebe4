package sqz

import (
	"math"

	"halfmeg/model"
)

// fit chooses the similar filters and the prediction coefficients of a
// convolution. The coefficients are a weighted least squares fit of the weights,
// and of their magnitudes, to the terms. Each equation is divided by the
// expected magnitude, or large weights would dominate. The first of two
// iterations has no estimate of it yet. Only the encoder fits: the file contains the
// result.
func fit(s model.Step, weights []int8) (coefficients, []similarFilter) {
	similar := findSimilar(s, weights)
	coefs := coefficients{initial: int32(int64(sumMagnitudes(weights)) * avgUnit / int64(len(weights)))}
	size := len(weights) / s.Out
	for range 2 {
		var value, magnitude normalEquations
		p := newPredictor(s, coefs)
		for o := range s.Out {
			filter := weights[o*size:][:size]
			p.startFilter(weights, o, similar[o])
			for k := range s.Kernel * s.Kernel {
				t := p.tap(filter, k)
				p.forEach(t, func(i int) { p.addEquations(filter, k, i, &t, &value, &magnitude) })
			}
		}
		copy(coefs.value[:], value.solve(valueTerms))
		copy(coefs.magnitude[:], magnitude.solve(magnitudeTerms))
	}
	return coefs, similar
}

func sumMagnitudes(weights []int8) (sum int) {
	for _, w := range weights {
		sum += int(max(w, -w))
	}
	return sum
}

// addEquations adds the equations of weight i of tap k: the terms times their
// coefficients are to equal the weight, and likewise the magnitude.
func (p *predictor) addEquations(filter []int8, k, i int, t *tap, value, magnitude *normalEquations) {
	var v, m [magnitudeTerms]float64
	if p.side > 1 {
		for n := range neighbours {
			if weights := p.neighbour(filter, k/p.side, k%p.side, n); weights != nil {
				v[n] = avgUnit * float64(weights[i])
				m[n] = math.Abs(v[n])
			}
		}
	}
	initial := max(float64(p.coefs.initial), 1)
	similar := float64(p.factors.similarValue) * float64(t.similar[i]) / coefUnit
	v[termAverage], m[termAverage] = float64(t.averages[i].mean), float64(t.averages[i].spread)
	m[termSimilar] = math.Abs(similar)
	m[termRecent] = float64(p.recent)
	m[termProduct] = m[termAverage] * m[termRecent] / initial

	expected := 0.0
	for j := range m {
		expected += float64(m[j] * float64(p.coefs.magnitude[j]) / coefUnit)
	}
	scale := 1 / max(expected, initial/10, 5)
	for j := range m {
		v[j] *= scale
		m[j] *= scale
	}
	w := avgUnit * float64(t.weights[i])
	value.add(&v, (w-similar)*scale)
	magnitude.add(&m, math.Abs(w)*scale)
}

// normalEquations accumulates the normal equations of a least squares fit.
type normalEquations struct {
	products [magnitudeTerms][magnitudeTerms]float64 // lower triangle of XᵀX
	target   [magnitudeTerms]float64                 // Xᵀy
}

// add adds an equation. Products are rounded before they are added, here and in
// solve: without fused multiply-add every machine writes the same file.
func (n *normalEquations) add(x *[magnitudeTerms]float64, y float64) {
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

// solve returns the coefficients of the first terms, in units of 1/coefUnit, by
// Cholesky decomposition. A linearly dependent term gets 0.
func (n *normalEquations) solve(terms int) []int32 {
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
	coefs := make([]int32, terms)
	for i := terms - 1; i >= 0; i-- {
		if l[i][i] == 0 {
			continue
		}
		sum := z[i]
		for k := i + 1; k < terms; k++ {
			sum -= float64(l[k][i] * x[k])
		}
		x[i] = sum / l[i][i]
		coefs[i] = int32(math.Round(max(-maxCoef, min(maxCoef, coefUnit*x[i]))))
	}
	return coefs
}

// findSimilar finds for each filter the previous filter that explains most of
// its residual over the mean, if that saves more bits than the reference costs.
func findSimilar(s model.Step, weights []int8) []similarFilter {
	size := len(weights) / s.Out
	similar := make([]similarFilter, s.Out)
	squares := make([]float64, s.Out) // sum of squares of each filter
	mean := make([]float64, size)     // running mean of the previous filters
	residual := make([]float32, size)
	for o := range s.Out {
		filter := weights[o*size:][:size]
		squares[o] = subtractMean(residual, filter, mean)
		residualSquare := 0.0
		for _, r := range residual {
			residualSquare += float64(float64(r) * float64(r))
		}
		best := 0.0
		for p := max(0, o-maxDistance); p < o; p++ {
			product := dot(weights[p*size:][:size], residual)
			if explained := product * product / squares[p]; squares[p] > 0 && explained > best {
				gain := math.Round(max(-maxGain, min(maxGain, gainUnit*product/squares[p])))
				best, similar[o] = explained, similarFilter{o - p, int32(gain)}
			}
		}
		// Bits saved if the nonzero weights are Gaussian.
		unexplained := max(1e-3, 1-best/max(residualSquare, 1))
		saved := -math.Log2(unexplained) / 2 * float64(countNonzero(filter))
		if cost := 4 + math.Log2(float64(min(o, maxDistance)+1)); similar[o].gain == 0 || saved < cost {
			similar[o] = similarFilter{}
		}
		for i, w := range filter {
			mean[i] += (float64(w) - mean[i]) / (1 << meanShift)
		}
	}
	return similar
}

// subtractMean sets residual to the filter less its projection on the mean. It
// returns the filter's sum of squares.
func subtractMean(residual []float32, filter []int8, mean []float64) (square float64) {
	var mm, mw float64
	for i, w := range filter {
		mm += float64(mean[i] * mean[i])
		mw += float64(mean[i] * float64(w))
		square += float64(float64(w) * float64(w))
	}
	gain := mw / max(mm, 1e-9)
	for i, w := range filter {
		residual[i] = float32(float64(w) - float64(gain*mean[i]))
	}
	return square
}

func dot(filter []int8, v []float32) float64 {
	sum := float32(0)
	for i, w := range filter {
		sum += float32(float32(w) * v[i])
	}
	return float64(sum)
}

func countNonzero(filter []int8) (n int) {
	for _, w := range filter {
		if w != 0 {
			n++
		}
	}
	return n
}
