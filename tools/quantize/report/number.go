package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// unknown stands for what was not measured or does not exist.
const unknown = "–"

// grouped is a whole number with commas: 479,812.
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

// fixed is a number with so many decimals, short if it is huge, and a sign
// for what is none.
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
		text = strings.TrimPrefix(text, "-") // a zero has no sign
	}
	return strings.Replace(text, "-", "−", 1)
}

// share is part of a whole in per cent: 12.5 %.
func share(part, whole int) string { return perCent(percentOf(part, whole), 1) }

// perCent is a number of per cent with its sign, which a line does not end before.
func perCent(v float64, decimals int) string { return fixed(v, decimals) + "\u00a0%" }

func percentOf(part, whole int) float64 {
	if whole == 0 {
		return math.NaN()
	}
	return 100 * float64(part) / float64(whole)
}

// bitsPer is how many bits each of so many weights takes.
func bitsPer(weights, bytes int) float64 {
	if weights == 0 {
		return math.NaN()
	}
	return 8 * float64(bytes) / float64(weights)
}

// plural is a count with its noun: 1 picture, 2,000 pictures.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(n) + " " + noun + "s"
}

// clean makes a foreign name fit for a line of text: what is no character, a
// control character or turns the direction of the text becomes a
// replacement character. The template does the escaping.
func clean(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == 0xFFFE || r == 0xFFFF {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(name, string(unicode.ReplacementChar)))
}

// shorten keeps what fits beside a chart.
func shorten(name string) string {
	const most = 18
	runes := []rune(clean(name))
	if len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return string(runes)
}

// Charts measure across in per cent and down in pixels: they fill any width
// without making their text larger or smaller. These are places in a drawing,
// or lengths, as SVG wants them.
type (
	percent float64
	pixel   float64
)

func (p percent) String() string { return fmt.Sprintf("%.2f%%", float64(p)) }

func (p pixel) String() string { return fmt.Sprintf("%.2f", float64(p)) }
