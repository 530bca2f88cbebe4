package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"halfmeg/tools/internal/chart"
)

// Units of a shape: halfHeight above the axis for the weights before rounding and
// below it for those after, 1 horizontally per column.
const (
	halfHeight = 100
	maxColumns = 128 // fewer for few weights
	minColumns = 32
)

// shape is the two histograms of a layer on the same scale: float weights above
// the axis, int8 weights below.
type shape struct {
	Name, Note, Tooltip string
	Reach               string // of the axis to either side, in steps
	Before, After       outline
}

// outline is an SVG path and its viewBox, which is stretched to the width of the
// chart.
type outline struct {
	Box, Path string
}

func newShapes(layers []Layer) []shape {
	var shapes []shape
	for _, l := range layers {
		zeros := chart.PerCent(chart.PercentOf(l.After.zeros(), l.After.total()), 0)
		side := max(1, math.Ceil(max(l.Before.largest(), l.After.largest()))) + 0.5
		before, after := newColumns(l.Before, side), newColumns(l.After, side)
		peak := max(slices.Max(before.heights), slices.Max(after.heights))
		shapes = append(shapes, shape{
			Name:    chart.Clean(l.Name),
			Note:    fmt.Sprintf("largest %s, %s zeros", chart.Fixed(l.After.largest(), 0), zeros),
			Tooltip: fmt.Sprintf("%s before and after rounding", chart.Plural(l.After.total(), "weight")),
			Reach:   chart.Fixed(side-0.5, 0),
			Before:  before.outline(peak, -1),
			After:   after.outline(peak, 1),
		})
	}
	return shapes
}

// columns are the merged bins of a histogram, centred at 0.
type columns struct {
	heights []float64 // values per step
	width   float64   // of a column, in steps
	side    float64   // of the drawing, in steps
}

// newColumns merges the bins of a histogram within side steps of 0 so that the
// columns are well filled.
func newColumns(h Histogram, side float64) columns {
	if len(h.counts) == 0 {
		h = newHistogram(1) // draws as a line
	}
	limit := max(minColumns, min(maxColumns, 2*math.Sqrt(float64(h.total())))) // more would show sampling noise
	merge := 1
	for 2*side/(h.width*float64(merge)) > limit {
		merge += 2
	}
	c := columns{width: h.width * float64(merge), side: side}
	c.heights = h.density(int(math.Ceil(side/c.width)), merge)
	return c
}

// outline returns the outline of the columns; direction is -1 for up, 1 for down.
func (c columns) outline(peak float64, direction int) outline {
	half := c.side / c.width // columns from the middle to either end of the drawing
	o := outline{Box: fmt.Sprintf("%.3f %d %.3f %d", -half, -halfHeight, 2*half, 2*halfHeight)}
	var path strings.Builder
	first := -float64(len(c.heights)) / 2
	fmt.Fprintf(&path, "M%.1f 0", first)
	for i, height := range c.heights {
		if peak > 0 {
			height *= halfHeight / peak
		}
		fmt.Fprintf(&path, "V%.1fH%.1f", float64(direction)*height, first+float64(i+1))
	}
	path.WriteString("V0Z")
	o.Path = path.String()
	return o
}
