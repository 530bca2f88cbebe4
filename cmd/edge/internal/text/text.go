// Package text formats values for display.
package text

import (
	"fmt"
	"strconv"
	"strings"

	"halfmeg/model"
)

// ShortLabel returns the first of a class's names: "tench" of "tench, Tinca tinca".
func ShortLabel(label string) string {
	first, _, _ := strings.Cut(label, ",")
	return first
}

// Grouped writes a number that is not negative with a comma before every third
// digit.
func Grouped[T int | int64](n T) string {
	digits := strconv.FormatInt(int64(n), 10)
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return b.String()
}

// Count writes a number of things: "1 event", "2 events".
func Count[T int | int64](n T, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// Bytes writes a size in MB, or in GB with one decimal.
func Bytes(n int64) string {
	if n >= 1e9 {
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	}
	return fmt.Sprintf("%d MB", n/1e6)
}

// Shape writes [height, width, channels] as 227x227x3.
func Shape(s [3]int) string { return fmt.Sprintf("%dx%dx%d", s[0], s[1], s[2]) }

// InputRule says how a picture becomes the network's input.
func InputRule(in model.Input) string {
	rule := fmt.Sprintf("%dx%d %s", in.Size, in.Size, strings.ToUpper(in.Order.String()))
	switch in.Fit {
	case model.Squash:
		rule += fmt.Sprintf(", scaled to %dx%d, centre cropped", in.Resize, in.Resize)
	case model.Crop:
		rule += fmt.Sprintf(", short side scaled to %d, centre cropped", in.Resize)
	case model.Direct:
		rule += ", the whole frame scaled"
	}
	return rule + fmt.Sprintf("; mean %.4g, standard deviation %.4g", in.Mean, in.Std)
}

// Rounding says how pools round the size of their output.
func Rounding(up bool) string {
	if up {
		return "up (ceil)"
	}
	return "down (floor)"
}
