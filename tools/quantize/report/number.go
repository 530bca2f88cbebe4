package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// unknown is printed for values that were not measured or do not exist.
const unknown = "–"

// grouped formats an integer with commas: 479,812.
func grouped(n int) string {
	digits := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, digits = "−", digits[1:]
	}
	first := (len(digits)-1)%3 + 1
	groups := []string{digits[:first]}
	for i := first; i < len(digits); i += 3 {
		groups = append(groups, digits[i:i+3])
	}
	return sign + strings.Join(groups, ",")
}

// fixed formats a number with the given decimals, in short form if it is huge, and
// as a symbol if it is not finite.
func fixed(v float64, decimals int) string {
	switch {
	case math.IsNaN(v):
		return unknown
	case math.IsInf(v, 1):
		return "∞"
	case math.IsInf(v, -1):
		return "−∞"
	}
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	switch {
	case math.Abs(v) >= 1e6:
		text = strconv.FormatFloat(v, 'g', 3, 64)
	case strings.Trim(text, "-0.") == "":
		text = strings.TrimPrefix(text, "-") // no negative zero
	}
	return strings.Replace(text, "-", "−", 1)
}

// share formats part of a whole in per cent: 12.5 %.
func share(part, whole int) string { return perCent(percentOf(part, whole), 1) }

// perCent formats a percentage with a non-breaking space before its sign.
func perCent(v float64, decimals int) string { return fixed(v, decimals) + "\u00a0%" }

func percentOf(part, whole int) float64 {
	if whole == 0 {
		return math.NaN()
	}
	return 100 * float64(part) / float64(whole)
}

// bitsPer returns the bits per weight.
func bitsPer(weights, bytes int) float64 {
	if weights == 0 {
		return math.NaN()
	}
	return 8 * float64(bytes) / float64(weights)
}

// plural formats a count with its noun: 1 picture, 2,000 pictures.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(n) + " " + noun + "s"
}

// clean replaces invalid UTF-8, control characters and characters that change the
// direction of text in an untrusted name. The template does the escaping.
func clean(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == 0xFFFE || r == 0xFFFF {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(name, string(unicode.ReplacementChar)))
}

// shorten truncates a name to the space next to a chart.
func shorten(name string) string {
	const limit = 18
	runes := []rune(clean(name))
	if len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return string(runes)
}

// Positions and lengths in SVG. Charts use per cent horizontally and pixels
// vertically, so that they fill any width without scaling their text.
type (
	percent float64
	pixel   float64
)

func (p percent) String() string { return fmt.Sprintf("%.2f%%", float64(p)) }

func (p pixel) String() string { return fmt.Sprintf("%.2f", float64(p)) }
