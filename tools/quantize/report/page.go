package report

import (
	"fmt"
	"html/template"

	"halfmeg/model"
	"halfmeg/tools/internal/chart"
)

// page is the data of the template.
type page struct {
	Style    template.CSS
	Name     string
	Figures  []figure
	Warnings []string
	Blind    bool
	Bytes    bytesChart
	Noise    noiseChart
	Table    table
	Shapes   []shape
	Curve    curve
	Measured bool // the agreement was measured
	Worst    []card
	Source   []entry
}

// figure is a number at the top of the page.
type figure struct{ Value, Unit, Note string }

// entry is a name and a value.
type entry struct{ Name, Value string }

func newPage(r *Report) (*page, error) {
	worst, err := newCards(r.Worst)
	if err != nil {
		return nil, err
	}
	return &page{
		Style:    template.CSS(chart.Style),
		Name:     chart.Clean(r.Name),
		Figures:  figures(r),
		Warnings: cleanAll(r.Warnings),
		Blind:    r.Blind,
		Bytes:    newBytesChart(r),
		Noise:    newNoiseChart(r.Layers),
		Table:    newTable(r),
		Shapes:   newShapes(r.Layers),
		Curve:    newCurve(r.Curve),
		Measured: r.Agreement.Pictures > 0,
		Worst:    worst,
		Source:   sourceOf(r.Source),
	}, nil
}

// figures returns the size of the file and the agreement of int8 with float.
func figures(r *Report) []figure {
	weights, weightBytes := 0, 0
	for _, l := range r.Layers {
		weights += l.After.total()
		weightBytes += l.WeightBytes
	}
	f := []figure{{
		Value: chart.Grouped(r.bytes()), Unit: "bytes",
		Note: fmt.Sprintf("%s of %s bits each", chart.Plural(weights, "weight"), chart.Fixed(bitsPer(weights, weightBytes), 2)),
	}}
	a := r.Agreement
	if a.Pictures == 0 {
		return append(f, figure{Value: chart.Unknown, Note: "too few pictures to hold some out: the agreement with the float network was not measured"})
	}
	if r.Blind {
		return append(f, figure{
			Value: chart.Fixed(a.LogitError, 2), Unit: "%",
			Note: "error of the logits, of their spread over the pictures, on " + chart.Plural(a.Pictures, "held-out picture"),
		})
	}
	f = append(f,
		figure{
			Value: chart.Fixed(a.SameTop1, 1), Unit: "% " + a.SameUncertainty(1),
			Note: "same top-1 class as the float network, on " + chart.Plural(a.Pictures, "held-out picture"),
		},
		figure{Value: chart.Fixed(a.KL, 4), Unit: "nats", Note: "mean Kullback-Leibler divergence from the float network"})
	if a.Labelled > 0 {
		f = append(f, figure{
			Value: chart.Fixed(a.Drop, 1), Unit: a.DropUncertainty(1) + " points",
			Note: fmt.Sprintf("drop of top-1: float %s, int8 %s of %s",
				chart.PerCent(r.Float.Top1, 1), chart.PerCent(r.Int8.Top1, 1), chart.Plural(a.Labelled, "labelled picture")),
		})
	}
	return f
}

func cleanAll(lines []string) []string {
	var out []string
	for _, l := range lines {
		out = append(out, chart.Clean(l))
	}
	return out
}

func sourceOf(s model.Source) []entry {
	var entries []entry
	for _, e := range []entry{
		{"Weights", s.Weights}, {"Format", s.Format}, {"SHA-256", s.SHA256}, {"Calibration", s.Calibration}, {"Made by", s.Tool},
	} {
		if e.Value != "" {
			entries = append(entries, entry{e.Name, chart.Clean(e.Value)})
		}
	}
	return entries
}
