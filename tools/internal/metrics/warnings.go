package metrics

import (
	"fmt"
	"math"
	"strings"
)

// This file finds measurements that cannot show a fault: outputs and pictures on
// which every network would look right, or wrong.

const (
	// fewPictures is the number of compared pictures below which the 95 %
	// interval of a perfect agreement is wider than 7 points (Wilson).
	fewPictures = 50

	// fewConstant is the least number of pictures whose common answer is a sign
	// of a network whose answer is always the same.
	fewConstant = 10

	// extreme is the number of pictures of a kind, alike or different, below
	// which the normal approximation of the binomial distribution is poor
	// (n*p < 5: the usual rule, for example in Brown, Cai and DasGupta,
	// Statistical Science 16, 2001).
	extreme = 5

	// z95 is the quantile of the normal distribution for an interval of 95 %.
	z95 = 1.96
)

// Blind says why neither top-1 nor the divergence of a network's answers shows
// an error; "" if they do.
func Blind(logits [][]float32) string {
	switch {
	case len(logits) == 0:
		return ""
	case len(logits[0]) == 1:
		return "the network has one output, whose softmax is always 1"
	}
	class := ArgMax(logits[0])
	for _, l := range logits {
		if ArgMax(l) != class {
			return ""
		}
	}
	if len(logits) < fewConstant {
		return ""
	}
	return fmt.Sprintf("the network returns class %d for all %d pictures", class, len(logits))
}

// BlindWarning returns the warning for a reason from Blind.
func BlindWarning(reason string) string {
	return reason + ": neither top-1 nor the divergence shows errors, so the error of the logits is measured"
}

// DeadLayers warns of layers whose weights are all zero; "" if there are none.
func DeadLayers(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return fmt.Sprintf("all weights of %s are zero: no picture can change the answer; is this the trained file?", strings.Join(names, ", "))
}

// Spread returns the standard deviation of a logit over the pictures: the root of the
// mean over the outputs of the variance. It is 0 if only rounding makes the logits
// differ.
func Spread(logits [][]float32) float64 {
	variance := 0.0
	for c := range logits[0] {
		mean, sum := 0.0, 0.0
		for _, l := range logits {
			mean += float64(l[c]) / float64(len(logits))
		}
		for _, l := range logits {
			sum += (float64(l[c]) - mean) * (float64(l[c]) - mean)
		}
		variance += sum / float64(len(logits))
	}
	spread := math.Sqrt(variance / float64(len(logits[0])))
	if spread < rounding*float64(largest(logits)) {
		return 0
	}
	return spread
}

// rounding is the relative error of a logit in float32, above that of a sum of
// a few thousand products.
const rounding = 1e-6

// largest returns the largest magnitude of a logit.
func largest(logits [][]float32) float32 {
	most := float32(0)
	for _, l := range logits {
		for _, v := range l {
			most = max(most, v, -v)
		}
	}
	return most
}

// logitError returns the root of the mean squared difference of the logits, in per
// cent of the spread of want or, if want has none, of its root mean square.
func logitError(want, got [][]float32) float64 {
	if len(want) == 0 {
		return 0
	}
	squares, magnitude := 0.0, 0.0
	for i := range want {
		for c, w := range want[i] {
			d := float64(w) - float64(got[i][c])
			squares += d * d
			magnitude += float64(w) * float64(w)
		}
	}
	count := float64(len(want) * len(want[0]))
	unit := Spread(want)
	if unit == 0 {
		unit = math.Sqrt(magnitude / count)
	}
	switch {
	case squares == 0:
		return 0
	case unit == 0:
		return 100
	}
	return 100 * math.Sqrt(squares/count) / unit
}

// FewPictures warns of a comparison on few pictures; "" if there are enough.
func FewPictures(a Agreement) string {
	if a.Pictures == 0 || a.Pictures >= fewPictures {
		return ""
	}
	low, high := Wilson(a.SameTop1/100, a.Pictures)
	return fmt.Sprintf("compared on only %d pictures: same top-1 is known to lie between %.0f %% and %.0f %% only; use more",
		a.Pictures, 100*low, 100*high)
}

// AtChance warns of a network that is right no more often than chance; "" if it
// is right more often, or if there are too few pictures to decide.
func AtChance(right, pictures, classes int) string {
	const (
		fewest  = 10   // pictures
		coarse  = 0.1  // standard deviation of the share above which no conclusion is possible
		useless = 0.05 // share that only mismatched labels reach, with many classes
	)
	if pictures < fewest || classes < 2 {
		return ""
	}
	chance := 1 / float64(classes)
	deviation := math.Sqrt(chance * (1 - chance) / float64(pictures))
	if share := float64(right) / float64(pictures); deviation > coarse || share > max(chance+2*deviation, useless) {
		return ""
	}
	return fmt.Sprintf("right on %d of %d labelled pictures, chance would be %.2g: are the labels in the network's class order?",
		right, pictures, chance*float64(pictures))
}

// Wilson returns the 95 % interval of a share that was measured on n pictures
// (Wilson, Journal of the American Statistical Association 22, 1927).
func Wilson(share float64, n int) (low, high float64) {
	count := float64(n)
	centre := (share + z95*z95/(2*count)) / (1 + z95*z95/count)
	half := z95 / (1 + z95*z95/count) * math.Sqrt(share*(1-share)/count+z95*z95/(4*count*count))
	return max(0, centre-half), min(1, centre+half)
}

// SameUncertainty formats the uncertainty of SameTop1: its standard error, or
// Wilson's interval where hardly any pictures differ, or hardly any do not.
func (a Agreement) SameUncertainty(decimals int) string {
	same := a.SameTop1 / 100 * float64(a.Pictures)
	if a.Pictures == 0 || min(same, float64(a.Pictures)-same) >= extreme-0.5 {
		return fmt.Sprintf("± %.*f", decimals, a.SameError)
	}
	low, high := Wilson(a.SameTop1/100, a.Pictures)
	return fmt.Sprintf("(95 %% interval %.*f to %.*f)", decimals, 100*low, decimals, 100*high)
}

// DropUncertainty formats the uncertainty of Drop: its standard error or, where
// no picture differs from the others, the upper limit of Wilson's interval for
// a share of 0.
func (a Agreement) DropUncertainty(decimals int) string {
	if a.DropError > 0 || a.Labelled == 0 {
		return fmt.Sprintf("± %.*f", decimals, a.DropError)
	}
	_, most := Wilson(0, a.Labelled)
	return fmt.Sprintf("(95 %% interval %.*f to %.*f)", decimals, max(-100, a.Drop-100*most), decimals, min(100, a.Drop+100*most))
}
