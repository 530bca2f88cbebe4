// Package chart holds what the HTML reports of the tools share: axes, the format of
// numbers, thumbnails and the style sheet. The pages are self-contained and run no
// script.
package chart

import (
	_ "embed"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// Unknown is printed for values that were not measured or do not exist.
const Unknown = "–"

// Grouped formats an integer with commas: 479,812.
func Grouped(n int) string {
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

// Fixed formats a number with the given decimals, in short form if it is huge, and
// as a symbol if it is not finite.
func Fixed(v float64, decimals int) string {
	switch {
	case math.IsNaN(v):
		return Unknown
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

// Share formats part of a whole in per cent: 12.5 %.
func Share(part, whole int) string { return PerCent(PercentOf(part, whole), 1) }

// PerCent formats a percentage with a non-breaking space before its sign.
func PerCent(v float64, decimals int) string { return Fixed(v, decimals) + "\u00a0%" }

// PercentOf returns part of a whole in per cent, NaN of nothing.
func PercentOf(part, whole int) float64 {
	if whole == 0 {
		return math.NaN()
	}
	return 100 * float64(part) / float64(whole)
}

// Plural formats a count with its noun: 1 picture, 2,000 pictures.
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Grouped(n) + " " + noun + "s"
}

// Clean replaces invalid UTF-8, control characters and characters that change the
// direction of text in an untrusted name. The template does the escaping.
func Clean(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == 0xFFFE || r == 0xFFFF {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(name, string(unicode.ReplacementChar)))
}

// Shorten truncates a name to the space next to a chart.
func Shorten(name string) string {
	const limit = 18
	runes := []rune(Clean(name))
	if len(runes) > limit {
		return string(runes[:limit-1]) + "…"
	}
	return string(runes)
}

// Percent is a horizontal position or length in SVG, in per cent of the width: charts
// fill any width without scaling their text.
type Percent float64

// Pixel is a vertical position or length in SVG.
type Pixel float64

func (p Percent) String() string { return fmt.Sprintf("%.2f%%", float64(p)) }

func (p Pixel) String() string { return fmt.Sprintf("%.2f", float64(p)) }

// Style is the style sheet of the reports.
//
//go:embed style.css
var Style string
