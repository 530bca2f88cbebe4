// Package metrics measures the accuracy of a network on labelled pictures, and
// its agreement with a reference network on the same pictures.
package metrics

import (
	"cmp"
	"math"
	"slices"
)

// Accuracy is the share of labelled pictures that a network classifies correctly,
// in per cent.
type Accuracy struct {
	Pictures int     `json:"pictures"`
	Top1     float64 `json:"top1"`
	Top5     float64 `json:"top5"`
}

// Measure computes the accuracy of logits, one slice per picture. Pictures with a
// negative label do not count.
func Measure(logits [][]float32, labels []int) Accuracy {
	var a Accuracy
	for i, l := range logits {
		if labels[i] < 0 {
			continue
		}
		a.Pictures++
		r := rank(l, labels[i])
		if r < 1 {
			a.Top1++
		}
		if r < 5 {
			a.Top5++
		}
	}
	a.Top1 = percent(a.Top1, a.Pictures)
	a.Top5 = percent(a.Top5, a.Pictures)
	return a
}

func percent(part float64, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return 100 * part / float64(whole)
}

// rank returns how many classes precede the given one in descending order of
// logits. Of equal logits the lower class comes first.
func rank(logits []float32, class int) int {
	r := 0
	for c, v := range logits {
		if v > logits[class] || v == logits[class] && c < class {
			r++
		}
	}
	return r
}

// ArgMax returns the class with the largest logit, the lowest one of equals.
func ArgMax(logits []float32) int {
	best := 0
	for c, v := range logits {
		if v > logits[best] {
			best = c
		}
	}
	return best
}

// Agreement compares a network with a reference, picture by picture.
type Agreement struct {
	Pictures  int     `json:"pictures"`
	SameTop1  float64 `json:"same_top1"`      // per cent
	SameError float64 `json:"same_top1_se"`   // standard error of SameTop1, in points
	KL        float64 `json:"kl"`             // mean Kullback-Leibler divergence from the reference, in nats
	Drop      float64 `json:"top1_drop"`      // reference's top-1 minus the network's, in points
	DropError float64 `json:"top1_drop_se"`   // standard error of Drop over pictures (paired), in points
	Labelled  int     `json:"labelled_drops"` // pictures over which Drop is computed

	// ExpectedDrop is the expected Drop if the reference's probabilities are
	// correct, in points: the mean of the probability that the reference assigns
	// to its own class minus what it assigns to the network's. It needs no labels
	// and has a smaller variance than Drop.
	ExpectedDrop float64 `json:"expected_drop"`

	// LogitError is the root mean square of the differences of the logits, in per
	// cent of the standard deviation of the reference's over the pictures. It
	// shows errors where softmax does not.
	LogitError float64 `json:"logit_error"`

	SameInterval [2]float64 `json:"same_top1_interval"` // 95 % interval of SameTop1 (Wilson), in per cent
}

// Compare measures the agreement of the logits got with those of the reference,
// want.
func Compare(want, got [][]float32, labels []int) Agreement {
	var a Agreement
	var drops, squares float64
	for i := range want {
		a.Pictures++
		w, g := ArgMax(want[i]), ArgMax(got[i])
		if w == g {
			a.SameTop1++
		}
		a.KL += KLDivergence(want[i], got[i])
		a.ExpectedDrop += Probability(want[i], w) - Probability(want[i], g)
		if labels[i] >= 0 {
			d := hit(w, labels[i]) - hit(g, labels[i])
			drops += d
			squares += d * d
			a.Labelled++
		}
	}
	if a.Pictures > 0 {
		p := a.SameTop1 / float64(a.Pictures)
		a.SameTop1 = 100 * p
		a.SameError = 100 * math.Sqrt(p*(1-p)/float64(a.Pictures))
		a.KL = max(0, a.KL/float64(a.Pictures)) // rounding errors can make it slightly negative
		a.ExpectedDrop *= 100 / float64(a.Pictures)
		low, high := Wilson(p, a.Pictures)
		a.SameInterval = [2]float64{100 * low, 100 * high}
		a.LogitError = logitError(want, got)
	}
	if n := float64(a.Labelled); n > 0 {
		mean := drops / n
		a.Drop = 100 * mean
		a.DropError = 100 * math.Sqrt((squares/n-mean*mean)/n)
	}
	return a
}

func hit(class, label int) float64 {
	if class == label {
		return 1
	}
	return 0
}

// KLDivergence returns the Kullback-Leibler divergence of the softmax of got from
// the softmax of want, in nats.
func KLDivergence(want, got []float32) float64 {
	zw, zg := logSum(want), logSum(got)
	kl := 0.0
	for c := range want {
		lw, lg := float64(want[c])-zw, float64(got[c])-zg
		kl += math.Exp(lw) * (lw - lg)
	}
	return kl
}

// Probability returns the softmax probability of a class.
func Probability(logits []float32, class int) float64 {
	return math.Exp(float64(logits[class]) - logSum(logits))
}

// logSum returns the logarithm of the sum of the exponentials.
func logSum(logits []float32) float64 {
	top := float64(slices.Max(logits))
	sum := 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v) - top)
	}
	return top + math.Log(sum)
}

// ClassAccuracy is the accuracy on the pictures of one class.
type ClassAccuracy struct {
	Class    int     `json:"class"`
	Label    string  `json:"label,omitempty"`
	Pictures int     `json:"pictures"`
	Top1     float64 `json:"top1"`
	Top5     float64 `json:"top5"`
	Mistaken int     `json:"mistaken_for"` // the class most often predicted instead; -1 if none
}

// WorstClasses returns the n classes with the lowest accuracy, the worst first.
func WorstClasses(logits [][]float32, labels []int, names []string, n int) []ClassAccuracy {
	byClass := map[int][]int{}
	for i, l := range labels {
		if l >= 0 {
			byClass[l] = append(byClass[l], i)
		}
	}
	var scores []ClassAccuracy
	for class, pictures := range byClass {
		scores = append(scores, classAccuracy(class, pictures, logits, names))
	}
	slices.SortFunc(scores, func(a, b ClassAccuracy) int {
		return cmp.Or(cmp.Compare(a.Top1, b.Top1), cmp.Compare(a.Top5, b.Top5),
			cmp.Compare(b.Pictures, a.Pictures), cmp.Compare(a.Class, b.Class))
	})
	return scores[:min(n, len(scores))]
}

func classAccuracy(class int, pictures []int, logits [][]float32, names []string) ClassAccuracy {
	s := ClassAccuracy{Class: class, Pictures: len(pictures), Mistaken: -1}
	if class < len(names) {
		s.Label = names[class]
	}
	wrong := map[int]int{}
	for _, i := range pictures {
		r := rank(logits[i], class)
		if r == 0 {
			s.Top1++
		} else {
			wrong[ArgMax(logits[i])]++
		}
		if r < 5 {
			s.Top5++
		}
	}
	for c, n := range wrong {
		if s.Mistaken < 0 || n > wrong[s.Mistaken] || n == wrong[s.Mistaken] && c < s.Mistaken {
			s.Mistaken = c
		}
	}
	s.Top1, s.Top5 = percent(s.Top1, s.Pictures), percent(s.Top5, s.Pictures)
	return s
}
