package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A shape is drawn in its own units: halfHeight up for the weights before,
// as much down for those after, 1 across for a bin.
const (
	halfHeight = 100
	mostBins   = 128 // drawn from end to end; fewer for few weights
	fewestBins = 32
)

// shape is a layer's two histograms, the float weights standing on the axis
// and the int8 ones hanging from it, on the same scale.
type shape struct {
	Name, Note, Tooltip string
	Reach               string // of the axis, in steps to either side
	Before, After       outline
}

// outline is a path in a box of its own, which SVG stretches to the chart's width.
type outline struct {
	Box, Path string
}

func newShapes(layers []Layer) []shape {
	var shapes []shape
	for _, l := range layers {
		zeros := perCent(percentOf(l.After.zeros(), l.After.total()), 0)
		side := max(1, math.Ceil(max(l.Before.largest(), l.After.largest()))) + 0.5
		before, after := newColumns(l.Before, side), newColumns(l.After, side)
		peak := max(slices.Max(before.heights), slices.Max(after.heights))
		shapes = append(shapes, shape{
			Name:    clean(l.Name),
			Note:    fmt.Sprintf("largest %s, %s zeros", fixed(l.After.largest(), 0), zeros),
			Tooltip: fmt.Sprintf("%s before and after rounding", plural(l.After.total(), "weight")),
			Reach:   fixed(side-0.5, 0),
			Before:  before.outline(peak, -1),
			After:   after.outline(peak, 1),
		})
	}
	return shapes
}

// columns are the merged bins of a histogram around 0.
type columns struct {
	heights []float64 // values a step
	width   float64   // of a column, in steps
	side    float64   // of the drawing, in steps
}

// newColumns draws a histogram up to side steps either way, in as many columns
// as are well filled.
func newColumns(h Histogram, side float64) columns {
	if len(h.counts) == 0 {
		h = newHistogram(1) // draws a line
	}
	bins := max(fewestBins, min(mostBins, 2*math.Sqrt(float64(h.total())))) // more would show chance
	merge := 1
	for 2*side/(h.width*float64(merge)) > bins {
		merge += 2
	}
	c := columns{width: h.width * float64(merge), side: side}
	c.heights = h.density(int(math.Ceil(side/c.width)), merge)
	return c
}

// outline is the columns' common outline, from the axis in the given direction.
func (c columns) outline(peak float64, direction int) outline {
	half := c.side / c.width // columns from the middle to an end of the drawing
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
