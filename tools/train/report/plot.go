package report

import (
	"fmt"

	"halfmeg/tools/internal/chart"
	"halfmeg/tools/internal/metrics"
)

// plot is a drawing of lines and points. x positions are in per cent of the width,
// y positions in pixels.
type plot struct {
	Title, ID       string
	Left, Right     chart.Percent
	Top, Bottom     chart.Pixel
	Height          int
	Across, Upright []tick
	Lines           []line
	Points          []point
	Legend          []string // classes of the lines, with their names in Names
	Names           []string
}

// tick is a grid line of an axis and its label.
type tick struct {
	X     chart.Percent
	Y     chart.Pixel
	Label string
}

// line is a piece of a curve; Kind is its class in the style sheet.
type line struct {
	Kind   string
	X1, X2 chart.Percent
	Y1, Y2 chart.Pixel
}

type point struct {
	X, Width chart.Percent
	Y        chart.Pixel
	Tooltip  string
}

// Edges of the plots.
const (
	plotLeft, plotRight = 12, 96 // per cent
	plotTop, plotBottom = 14, 194
	plotHeight          = 224
)

// curve is a named sequence of values at x = step, 2*step, …
type curve struct {
	kind, name string
	step       int
	values     []float64
}

// x is the position of a value.
func (c *curve) x(i int) int { return (i + 1) * c.step }

func newPlot(id, title string, x, y chart.Axis) plot {
	p := plot{Title: title, ID: id, Left: plotLeft, Right: plotRight, Top: plotTop, Bottom: plotBottom, Height: plotHeight}
	for _, v := range x.Ticks() {
		p.Across = append(p.Across, tick{X: chart.Percent(x.At(v)), Label: chart.Fixed(v, x.Decimals())})
	}
	for _, v := range y.Ticks() {
		p.Upright = append(p.Upright, tick{Y: chart.Pixel(y.At(v)), Label: chart.Fixed(v, y.Decimals())})
	}
	return p
}

// curves plots loss and accuracy over the epochs.
func curves(r *Report) []plot {
	var plots []plot
	add := func(id, title string, low float64, all ...curve) {
		length, values := 0, []float64{low}
		for _, c := range all {
			length, values = max(length, c.x(len(c.values)-1)), append(values, c.values...)
		}
		if length < 2 {
			return
		}
		x := chart.NewAxis([]float64{0, float64(length)}, 5, plotLeft, plotRight).Integral()
		y := chart.NewAxis(values, 4, plotBottom, plotTop)
		p := newPlot(id, title, x, y)
		for _, c := range all {
			if len(c.values) < 2 {
				continue
			}
			p.Legend, p.Names = append(p.Legend, c.kind), append(p.Names, c.name)
			for i := 1; i < len(c.values); i++ {
				p.Lines = append(p.Lines, line{
					Kind: c.kind,
					X1:   chart.Percent(x.At(float64(c.x(i - 1)))), X2: chart.Percent(x.At(float64(c.x(i)))),
					Y1: chart.Pixel(y.At(c.values[i-1])), Y2: chart.Pixel(y.At(c.values[i])),
				})
			}
		}
		plots = append(plots, p)
	}
	loss, accuracy := split(r.Head)
	add("head-loss", "Last layer: loss by epoch", 0, curve{"training", "training", 1, loss})
	add("head-accuracy", "Last layer: right answers by epoch, in %", 100, curve{"training", "training", 1, accuracy})
	loss, accuracy = split(r.All)
	add("loss", "Whole network: loss by epoch", 0, curve{"training", "training", 1, loss})
	var validation []float64
	for _, v := range r.Validation {
		validation = append(validation, 100*v)
	}
	add("accuracy", "Whole network: right answers by epoch, in %", 100, curve{"training", "variants of training pictures", 1, accuracy}, curve{"validation", "validation pictures (float)", r.MeasuredEvery, validation})
	return plots
}

func split(epochs []Epoch) (loss, accuracy []float64) {
	for _, e := range epochs {
		loss, accuracy = append(loss, e.Loss), append(accuracy, 100*e.Accuracy)
	}
	return loss, accuracy
}

// trust plots the share of right answers over the probability.
func trust(r *Report) *plot {
	x := chart.NewAxis([]float64{0, 100}, 5, plotLeft, plotRight)
	y := chart.NewAxis([]float64{0, 100}, 5, plotBottom, plotTop)
	p := newPlot("trust", "Right answers, in %, by the probability that the network states, in %", x, y)
	p.Lines = append(p.Lines, line{"ideal", plotLeft, plotRight, plotBottom, plotTop})
	bins, _ := metrics.Calibration(r.Int8, r.Labels)
	for _, b := range bins {
		if b.Pictures > 0 {
			p.Points = append(p.Points, point{
				X: chart.Percent(x.At(100 * b.Confidence)), Y: chart.Pixel(y.At(100 * b.Accuracy)),
				Tooltip: fmt.Sprintf("%s: stated %s, right %s", chart.Plural(b.Pictures, "picture"), chart.PerCent(100*b.Confidence, 1), chart.PerCent(100*b.Accuracy, 1)),
			})
		}
	}
	return &p
}
