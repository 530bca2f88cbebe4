package report

import (
	"fmt"
	"math"
	"slices"

	"halfmeg/tools/internal/chart"
)

// The charts of bytes and noise have one row per layer at the same positions, so
// that they can be compared side by side. Names are left of the plot, figures
// right.
const (
	rowHeight = 19
	rowsTop   = 30 // below the labels of the axis
	nameEnd   = 30 // in per cent of the width, like the next two
	plotStart = 32
	plotEnd   = 84
)

// rows is the common part of both charts: a frame with an axis at the top.
type rows struct {
	Title, Summary string
	Height         int
	NameEnd        chart.Percent
	Ticks          []tick
}

// tick is a grid line of an axis and its label.
type tick struct {
	At    chart.Percent
	Y     chart.Pixel // on a vertical axis
	Label string
}

func newRows(n int, title, summary string, a chart.Axis, label func(float64) string) rows {
	r := rows{Title: title, Summary: summary, Height: rowsTop + n*rowHeight + 4, NameEnd: nameEnd}
	for _, v := range a.Ticks() {
		r.Ticks = append(r.Ticks, tick{At: chart.Percent(a.At(v)), Label: label(v)})
	}
	return r
}

// row is the name and position of a row.
type row struct {
	Name, Tooltip string
	Top, Middle   int // in pixels
}

func newRow(i int, name, tooltip string) row {
	top := rowsTop + i*rowHeight
	return row{Name: chart.Shorten(name), Tooltip: chart.Clean(name) + ": " + tooltip, Top: top, Middle: top + rowHeight/2}
}

// bytesChart shows the bytes of each part of the file as bars.
type bytesChart struct {
	rows
	Bars []bar
}

type bar struct {
	row
	Segments []segment
	ValueAt  chart.Percent
	Value    string
}

// segment is a part of a bar: weights, parameters or rest.
type segment struct {
	Class    string
	X, Width chart.Percent
}

func newBytesChart(r *Report) bytesChart {
	values := []float64{0, float64(r.Labels), float64(r.Header)}
	for _, l := range r.Layers {
		values = append(values, float64(l.bytes()))
	}
	a := chart.NewAxis(values, 4, plotStart, plotEnd).Integral().UpTo(slices.Max(values))
	c := bytesChart{rows: newRows(len(r.Layers)+2, "Bytes by layer", largestPart(r), a, func(v float64) string { return chart.Grouped(int(v)) })}
	for i, l := range r.Layers {
		tooltip := fmt.Sprintf("weights %s, parameters %s, together %s of the file",
			chart.Plural(l.WeightBytes, "byte"), chart.Plural(l.ParameterBytes, "byte"), chart.Share(l.bytes(), r.bytes()))
		weights := a.Length(float64(l.WeightBytes))
		c.Bars = append(c.Bars, newBar(a, newRow(i, l.Name, tooltip), l.bytes(),
			segment{Class: "weights", X: plotStart, Width: chart.Percent(weights)},
			segment{Class: "parameters", X: chart.Percent(plotStart + weights), Width: chart.Percent(a.Length(float64(l.ParameterBytes)))}))
	}
	for i, part := range []struct {
		name  string
		bytes int
	}{{"labels", r.Labels}, {"header", r.Header}} {
		at := newRow(len(r.Layers)+i, part.name, chart.Plural(part.bytes, "byte")+", "+chart.Share(part.bytes, r.bytes())+" of the file")
		c.Bars = append(c.Bars, newBar(a, at, part.bytes,
			segment{Class: "rest", X: plotStart, Width: chart.Percent(a.Length(float64(part.bytes)))}))
	}
	return c
}

func newBar(a chart.Axis, at row, bytes int, segments ...segment) bar {
	return bar{row: at, Segments: segments, Value: chart.Grouped(bytes), ValueAt: chart.Percent(a.At(float64(bytes)))}
}

// largestPart summarises where the bytes are.
func largestPart(r *Report) string {
	if len(r.Layers) == 0 {
		return "The network has no layers."
	}
	largest, parameters := r.Layers[0], 0
	for _, l := range r.Layers {
		if l.bytes() > largest.bytes() {
			largest = l
		}
		parameters += l.ParameterBytes
	}
	return fmt.Sprintf("The largest layer, %s, takes %s of the file; all parameters take %s, labels and header %s.",
		chart.Clean(largest.Name), chart.Share(largest.bytes(), r.bytes()), chart.Share(parameters, r.bytes()), chart.Share(r.Labels+r.Header, r.bytes()))
}

// noiseChart shows two dots per layer: the signal-to-noise ratios of its weights
// and of its output.
type noiseChart struct {
	rows
	Dots []dots
}

type dots struct {
	row
	Weights, Output mark
	From, To        chart.Percent // of the line between the marks
	Line            bool          // both marks are dots
	Value           string        // of the output
}

// mark is a dot or, for an infinite ratio, a sign at that end of the axis. It is
// empty if there is no ratio.
type mark struct {
	At   chart.Percent
	Dot  bool
	Sign string
}

func newNoiseChart(layers []Layer) noiseChart {
	values := []float64{0}
	for _, l := range layers {
		values = append(values, l.WeightSNR, l.OutputSNR)
	}
	a := chart.NewAxis(values, 4, plotStart, plotEnd)
	c := noiseChart{rows: newRows(len(layers), "Signal to noise by layer", noisiest(layers), a,
		func(v float64) string { return chart.Fixed(v, a.Decimals()) })}
	for i, l := range layers {
		weights, output := newMark(a, l.WeightSNR), newMark(a, l.OutputSNR)
		c.Dots = append(c.Dots, dots{
			row:     newRow(i, l.Name, fmt.Sprintf("weights %s dB, output %s dB", chart.Fixed(l.WeightSNR, 1), chart.Fixed(l.OutputSNR, 1))),
			Weights: weights, Output: output,
			From: weights.At, To: output.At, Line: weights.Dot && output.Dot,
			Value: chart.Fixed(l.OutputSNR, 1),
		})
	}
	return c
}

func newMark(a chart.Axis, ratio float64) mark {
	switch {
	case math.IsNaN(ratio):
		return mark{}
	case math.IsInf(ratio, 0):
		return mark{At: chart.Percent(a.At(ratio)), Sign: chart.Fixed(ratio, 0)}
	}
	return mark{At: chart.Percent(a.At(ratio)), Dot: true}
}

// noisiest summarises where the errors are.
func noisiest(layers []Layer) string {
	output, outputKnown := lowest(layers, func(l Layer) float64 { return l.OutputSNR })
	weights, weightsKnown := lowest(layers, func(l Layer) float64 { return l.WeightSNR })
	if !outputKnown && !weightsKnown {
		return "The noise of no layer was measured."
	}
	text := "Noise accumulates from layer to layer."
	if outputKnown {
		text += fmt.Sprintf(" The output is noisiest after %s: %s\u00a0dB.", chart.Clean(output.Name), chart.Fixed(output.OutputSNR, 1))
	}
	if weightsKnown {
		text += fmt.Sprintf(" The weights are noisiest in %s: %s\u00a0dB.", chart.Clean(weights.Name), chart.Fixed(weights.WeightSNR, 1))
	}
	return text
}

// lowest returns the layer with the lowest ratio, and whether any layer has one.
func lowest(layers []Layer, ratio func(Layer) float64) (worst Layer, known bool) {
	for _, l := range layers {
		if v := ratio(l); !math.IsNaN(v) && (!known || v < ratio(worst)) {
			worst, known = l, true
		}
	}
	return worst, known
}
