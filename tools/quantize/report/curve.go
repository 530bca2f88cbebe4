package report

import (
	"cmp"
	"fmt"
	"slices"

	"halfmeg/tools/internal/chart"

	"halfmeg/tools/internal/metrics"
)

// curve is the accuracy of the file sizes that were tried.
type curve struct {
	Points []curveRow
	Plots  []plot // empty if there are too few points to compare
}

type curveRow struct {
	Bytes, SameTop1, KL string
	Chosen              bool
}

// plot is one metric over the size of the file. x positions are in per cent of
// the width, y positions in pixels.
type plot struct {
	Title           string
	ID              string // prefix of its element ids, unique in the page
	Left, Right     chart.Percent
	Top, Bottom     chart.Pixel
	Height          int
	Across, Upright []tick
	Lines           []line
	Chosen          []plotLabel
	Points          []plotPoint
}

type line struct {
	X1, X2 chart.Percent
	Y1, Y2 chart.Pixel
}

type plotPoint struct {
	X         chart.Percent
	Y         chart.Pixel
	High, Low chart.Pixel // ends of the error bar, one standard error
	Error     bool
	Chosen    bool
	Tooltip   string
}

// plotLabel is the value of the chosen point, above the plot.
type plotLabel struct {
	X    chart.Percent
	Side string // SVG text-anchor: start, middle or end
	Text string
}

// Edges of the plots.
const (
	plotLeft, plotRight = 14, 93 // per cent
	plotTop, plotBottom = 30, 210
	plotHeight          = 240
	maxAgreement        = 100 // per cent, where error bars end
)

func newCurve(points []Point) curve {
	points = slices.Clone(points)
	slices.SortStableFunc(points, func(a, b Point) int { return cmp.Compare(a.Bytes, b.Bytes) })
	var c curve
	for _, p := range points {
		c.Points = append(c.Points, curveRow{
			Bytes:    chart.Grouped(p.Bytes),
			SameTop1: withError(p),
			KL:       chart.Fixed(p.KL, 4),
			Chosen:   p.Chosen,
		})
	}
	same := newPlot("same", "Same top-1 class as float, in %, by bytes", points, sameTop1)
	kl := newPlot("kl", "KL divergence from float, in nats, by bytes", points, divergence, 0)
	for _, p := range []plot{same, kl} {
		if len(p.Points) > 1 {
			c.Plots = append(c.Plots, p)
		}
	}
	return c
}

func withError(p Point) string {
	if !chart.Finite(p.SameTop1) {
		return chart.Unknown
	}
	a := metrics.Agreement{Pictures: p.Pictures, SameTop1: p.SameTop1, SameError: p.SameError}
	return chart.Fixed(p.SameTop1, 1) + " " + a.SameUncertainty(1)
}

// measured is a value to plot, with the ends of its error bar.
type measured struct {
	value, low, high float64
	text             string
}

func sameTop1(p Point) measured {
	m := measured{value: p.SameTop1, low: p.SameTop1, high: p.SameTop1, text: withError(p)}
	if chart.Finite(p.SameError) {
		m.low -= p.SameError
		m.high = max(m.value, min(maxAgreement, m.high+p.SameError))
	}
	return m
}

func divergence(p Point) measured {
	return measured{value: p.KL, low: p.KL, high: p.KL, text: chart.Fixed(p.KL, 4)}
}

// newPlot plots a metric of points, which are sorted by bytes. Points for which it
// was not measured are left out. The y axis also covers the values in include.
func newPlot(id, title string, points []Point, metric func(Point) measured, include ...float64) plot {
	points = slices.DeleteFunc(slices.Clone(points), func(p Point) bool { return !chart.Finite(metric(p).value) })
	var sizes []float64
	values := include
	for _, p := range points {
		sizes = append(sizes, float64(p.Bytes))
		values = append(values, metric(p).low, metric(p).high)
	}
	x, y := chart.NewAxis(sizes, 4, plotLeft, plotRight).Integral(), chart.NewAxis(values, 4, plotBottom, plotTop)
	out := plot{Title: title, ID: id, Left: plotLeft, Right: plotRight, Top: plotTop, Bottom: plotBottom, Height: plotHeight}
	for _, v := range x.Ticks() {
		out.Across = append(out.Across, tick{At: chart.Percent(x.At(v)), Label: chart.Grouped(int(v))})
	}
	for _, v := range y.Ticks() {
		out.Upright = append(out.Upright, tick{Y: chart.Pixel(y.At(v)), Label: chart.Fixed(v, y.Decimals())})
	}
	for _, p := range points {
		m := metric(p)
		out.add(plotPoint{
			X: chart.Percent(x.At(float64(p.Bytes))), Y: chart.Pixel(y.At(m.value)),
			High: chart.Pixel(y.At(m.high)), Low: chart.Pixel(y.At(m.low)), Error: m.low < m.high,
			Chosen:  p.Chosen,
			Tooltip: fmt.Sprintf("%s: same top-1 %s %%, KL divergence %s", chart.Plural(p.Bytes, "byte"), withError(p), chart.Fixed(p.KL, 4)),
		}, m.text)
	}
	return out
}

// add adds a point, the line from the previous point, and a label if the point is
// the chosen one.
func (p *plot) add(point plotPoint, text string) {
	if n := len(p.Points); n > 0 {
		last := p.Points[n-1]
		p.Lines = append(p.Lines, line{X1: last.X, X2: point.X, Y1: last.Y, Y2: point.Y})
	}
	p.Points = append(p.Points, point)
	if point.Chosen {
		p.Chosen = append(p.Chosen, plotLabel{X: point.X, Side: sideAt(point.X), Text: "chosen: " + text})
	}
}

// sideAt returns the text-anchor that keeps a label at x within the drawing.
func sideAt(x chart.Percent) string {
	switch {
	case x < 30:
		return "start"
	case x > 70:
		return "end"
	}
	return "middle"
}
