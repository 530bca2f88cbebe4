package metrics

import "math"

// Bin is the pictures whose most probable class has a probability in a range.
type Bin struct {
	Pictures   int
	Confidence float64 // mean probability of the answers
	Accuracy   float64 // share of right answers
}

// calibrationBins is the number of bins, of equal width.
const calibrationBins = 10

// Calibration groups the labelled pictures by the probability of the answer, in
// bins of a tenth each, and returns the expected calibration error: the mean over
// the pictures of the difference of confidence and accuracy in their bin (Naeini
// et al., AAAI 2015).
func Calibration(logits [][]float32, labels []int) (bins []Bin, expected float64) {
	bins = make([]Bin, calibrationBins)
	total := 0
	for i, l := range logits {
		if labels[i] < 0 {
			continue
		}
		class := ArgMax(l)
		p := Probability(l, class)
		b := &bins[min(int(p*calibrationBins), calibrationBins-1)]
		b.Pictures++
		b.Confidence += p
		b.Accuracy += hit(class, labels[i])
		total++
	}
	for i := range bins {
		if b := &bins[i]; b.Pictures > 0 {
			expected += math.Abs(b.Confidence-b.Accuracy) / float64(total)
			b.Confidence /= float64(b.Pictures)
			b.Accuracy /= float64(b.Pictures)
		}
	}
	return bins, expected
}

// Confusion counts the labelled pictures by class and answer.
func Confusion(logits [][]float32, labels []int, classes int) [][]int {
	counts := make([][]int, classes)
	for c := range counts {
		counts[c] = make([]int, classes)
	}
	for i, l := range logits {
		if labels[i] >= 0 {
			counts[labels[i]][ArgMax(l)]++
		}
	}
	return counts
}
