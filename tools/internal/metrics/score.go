// Package metrics measures how well a network names pictures, by itself and
// against another network on the same pictures.
package metrics

import (
	"cmp"
	"math"
	"slices"
)

// Accuracy is how often a network is right, in per cent of labelled pictures.
type Accuracy struct {
	Pictures int     `json:"pictures"`
	Top1     float64 `json:"top1"`
	Top5     float64 `json:"top5"`
}

// Of scores logits, one slice a picture. Pictures with a negative label do
// not count.
func Of(logits [][]float32, labels []int) Accuracy {
	var a Accuracy
	for i, l := range logits {
		if labels[i] < 0 {
			continue
		}
		a.Pictures++
		rank := rankOf(l, labels[i])
		if rank < 1 {
			a.Top1++
		}
		if rank < 5 {
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

// rankOf is how many classes stand before the given one; of equal logits the
// lower class stands first.
func rankOf(logits []float32, class int) int {
	rank := 0
	for c, v := range logits {
		if v > logits[class] || v == logits[class] && c < class {
			rank++
		}
	}
	return rank
}

// Top is the class a network names.
func Top(logits []float32) int {
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
	Drop      float64 `json:"top1_drop"`      // reference's top-1 less the network's, in points
	DropError float64 `json:"top1_drop_se"`   // standard error of Drop over pictures (paired), in points
	Labelled  int     `json:"labelled_drops"` // pictures that Drop is taken over

	// ExpectedDrop is the drop to expect if the reference's probabilities are
	// right, in points: what it gives its own answer more than the network's.
	// It needs no labels, and chance has less part in it than in Drop.
	ExpectedDrop float64 `json:"expected_drop"`
}

// Compare measures got against the reference want.
func Compare(want, got [][]float32, labels []int) Agreement {
	var a Agreement
	var drops, squares float64
	for i := range want {
		a.Pictures++
		w, g := Top(want[i]), Top(got[i])
		if w == g {
			a.SameTop1++
		}
		a.KL += Divergence(want[i], got[i])
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
		a.KL = max(0, a.KL/float64(a.Pictures)) // which rounding may leave a hair below
		a.ExpectedDrop *= 100 / float64(a.Pictures)
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

// Divergence is the Kullback-Leibler divergence of the softmax of got from
// the softmax of want, in nats.
func Divergence(want, got []float32) float64 {
	zw, zg := logSum(want), logSum(got)
	kl := 0.0
	for c := range want {
		lw, lg := float64(want[c])-zw, float64(got[c])-zg
		kl += math.Exp(lw) * (lw - lg)
	}
	return kl
}

// Probability is what the softmax of logits gives a class.
func Probability(logits []float32, class int) float64 {
	return math.Exp(float64(logits[class]) - logSum(logits))
}

// logSum is the logarithm of the sum of exponentials.
func logSum(logits []float32) float64 {
	top := float64(slices.Max(logits))
	sum := 0.0
	for _, v := range logits {
		sum += math.Exp(float64(v) - top)
	}
	return top + math.Log(sum)
}

// ClassScore is how one class fares.
type ClassScore struct {
	Class    int     `json:"class"`
	Label    string  `json:"label,omitempty"`
	Pictures int     `json:"pictures"`
	Top1     float64 `json:"top1"`
	Top5     float64 `json:"top5"`
	Mistaken int     `json:"mistaken_for"` // the class most often named instead; -1 if none
}

// Worst lists the n classes that are most seldom right, the worst first.
func Worst(logits [][]float32, labels []int, names []string, n int) []ClassScore {
	byClass := map[int][]int{}
	for i, l := range labels {
		if l >= 0 {
			byClass[l] = append(byClass[l], i)
		}
	}
	var scores []ClassScore
	for class, pictures := range byClass {
		scores = append(scores, scoreClass(class, pictures, logits, names))
	}
	slices.SortFunc(scores, func(a, b ClassScore) int {
		return cmp.Or(cmp.Compare(a.Top1, b.Top1), cmp.Compare(a.Top5, b.Top5),
			cmp.Compare(b.Pictures, a.Pictures), cmp.Compare(a.Class, b.Class))
	})
	return scores[:min(n, len(scores))]
}

func scoreClass(class int, pictures []int, logits [][]float32, names []string) ClassScore {
	s := ClassScore{Class: class, Pictures: len(pictures), Mistaken: -1}
	if class < len(names) {
		s.Label = names[class]
	}
	wrong := map[int]int{}
	for _, i := range pictures {
		rank := rankOf(logits[i], class)
		if rank == 0 {
			s.Top1++
		} else {
			wrong[Top(logits[i])]++
		}
		if rank < 5 {
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
