// Package report writes an HTML page about the training of a network: its curves,
// where it is right and wrong, and how far its probabilities can be trusted. The
// page is self-contained: it loads no other file and runs no script.
package report

import (
	"bufio"
	"cmp"
	"embed"
	"fmt"
	"html/template"
	"image"
	"io"
	"slices"

	"halfmeg/tools/internal/chart"
	"halfmeg/tools/internal/metrics"
)

// Report is the content of the page.
type Report struct {
	Name     string // of the file
	Way      string // how the network was trained
	Bytes    int    // of the file
	Classes  []string
	Training []int // pictures by class
	Warnings []string
	Settings []Setting

	Head          []Epoch   // training of the last layer alone
	All           []Epoch   // fine-tuning, or training from scratch
	Validation    []float64 // share of validation pictures that are right, after every MeasuredEvery epochs of All
	MeasuredEvery int

	// Labels, and the logits of the float and the int8 network, by validation
	// picture.
	Labels      []int
	Float, Int8 [][]float32

	Mistakes []Mistake // the most confident ones first
}

// Setting is a name and a value.
type Setting struct{ Name, Value string }

// Epoch is a point of a curve.
type Epoch struct{ Loss, Accuracy float64 }

// Mistake is a picture that the int8 network classifies wrongly.
type Mistake struct {
	Image         image.Image // nil if the file can no longer be read
	File          string
	Label, Answer string
	Probability   float64 // of the answer
}

//go:embed templates
var files embed.FS

var pageTemplate = template.Must(template.ParseFS(files, "templates/*.html"))

// Write writes the page, which is also well-formed XML.
func Write(w io.Writer, r Report) error {
	p, err := newPage(&r)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(w)
	if err := pageTemplate.ExecuteTemplate(buffered, "page.html", p); err != nil {
		return err
	}
	return buffered.Flush()
}

// page is the data of the template.
type page struct {
	Style    template.CSS
	Name     string
	Figures  []figure
	Warnings []string
	Plots    []plot
	Measured bool
	Classes  []classRow
	Matrix   matrix
	Int8     []Setting
	Trust    *plot
	Mistakes []card
	Settings []Setting
}

// figure is a number at the top of the page.
type figure struct{ Value, Unit, Note string }

// classRow is the accuracy on a class.
type classRow struct {
	Name, Training, Pictures, Accuracy, Interval, Mistaken string
	Low, Width, At                                         chart.Percent // of the interval, and the accuracy, in the drawing
	Measured                                               bool
}

// matrix is the confusion matrix.
type matrix struct {
	Answers []string
	Rows    []matrixRow
}

type matrixRow struct {
	Name  string
	Cells []cell
}

type cell struct {
	Count string
	Share float64 // of the class, 0…1
	Right bool
}

type card struct {
	Image               template.URL
	Width, Height       int
	File, Label, Answer string
	Share               string
}

func newPage(r *Report) (*page, error) {
	style, err := files.ReadFile("templates/style.css")
	if err != nil {
		return nil, err
	}
	p := &page{
		Style:    template.CSS(chart.Style + string(style)),
		Name:     chart.Clean(r.Name),
		Plots:    curves(r),
		Measured: len(r.Labels) > 0,
		Settings: r.Settings,
	}
	for _, w := range r.Warnings {
		p.Warnings = append(p.Warnings, chart.Clean(w))
	}
	confusion := metrics.Confusion(r.Int8, r.Labels, len(r.Classes))
	p.Figures = figures(r)
	p.Classes = classRows(r, confusion)
	p.Matrix = newMatrix(r.Classes, confusion)
	if p.Measured {
		p.Int8 = compare(r)
		p.Trust = trust(r)
	}
	for _, m := range r.Mistakes {
		c := card{File: chart.Clean(m.File), Label: chart.Clean(m.Label), Answer: chart.Clean(m.Answer), Share: chart.PerCent(100*m.Probability, 0)}
		if m.Image != nil && !m.Image.Bounds().Empty() {
			url, size, err := chart.DataURL(m.Image)
			if err != nil {
				return nil, fmt.Errorf("picture %s: %w", m.File, err)
			}
			c.Image, c.Width, c.Height = url, size.X, size.Y
		}
		p.Mistakes = append(p.Mistakes, c)
	}
	return p, nil
}

// figures returns the accuracy, the size and the number of pictures.
func figures(r *Report) []figure {
	size := figure{Value: chart.Grouped(r.Bytes), Unit: "bytes", Note: fmt.Sprintf("%d classes, %s", len(r.Classes), r.Way)}
	training := 0
	for _, n := range r.Training {
		training += n
	}
	count := figure{Value: chart.Grouped(training), Note: fmt.Sprintf("training pictures; %s for validation", chart.Grouped(len(r.Labels)))}
	if len(r.Labels) == 0 {
		return []figure{{Value: chart.Unknown, Note: "no validation pictures: the accuracy was not measured"}, size, count}
	}
	f, i := metrics.Measure(r.Float, r.Labels), metrics.Measure(r.Int8, r.Labels)
	_, expected := metrics.Calibration(r.Int8, r.Labels)
	return []figure{
		{Value: chart.Fixed(i.Top1, 1), Unit: "%", Note: "of the validation pictures are right; 95 % interval " + interval(i.Top1, i.Pictures)},
		{Value: chart.Fixed(f.Top1, 1), Unit: "%", Note: "with the float network"},
		size,
		count,
		{Value: chart.Fixed(100*expected, 1), Unit: "points", Note: "expected calibration error: how far probabilities are from the share of right answers"},
	}
}

// interval formats the Wilson interval of a percentage.
func interval(percent float64, n int) string {
	low, high := metrics.Wilson(percent/100, n)
	return chart.Fixed(100*low, 1) + " to " + chart.Fixed(100*high, 1)
}

func classRows(r *Report, confusion [][]int) []classRow {
	var rows []classRow
	for c, counts := range confusion {
		row := classRow{Name: chart.Clean(r.Classes[c]), Accuracy: chart.Unknown, Interval: chart.Unknown}
		if c < len(r.Training) {
			row.Training = chart.Grouped(r.Training[c])
		}
		total, worst := 0, -1
		for answer, n := range counts {
			total += n
			if answer != c && n > 0 && (worst < 0 || n > counts[worst]) {
				worst = answer
			}
		}
		row.Pictures = chart.Grouped(total)
		if total > 0 {
			share := float64(counts[c]) / float64(total)
			low, high := metrics.Wilson(share, total)
			row.Measured = true
			row.Accuracy, row.Interval = chart.Fixed(100*share, 1), interval(100*share, total)
			row.Low, row.Width, row.At = chart.Percent(100*low), chart.Percent(100*(high-low)), chart.Percent(100*share)
		}
		if worst >= 0 {
			row.Mistaken = fmt.Sprintf("%s (%d)", chart.Clean(r.Classes[worst]), counts[worst])
		}
		rows = append(rows, row)
	}
	return rows
}

// mostClasses is the number of classes up to which the confusion matrix is shown.
const mostClasses = 40

func newMatrix(classes []string, confusion [][]int) matrix {
	var m matrix
	if len(classes) > mostClasses {
		return m
	}
	for c, counts := range confusion {
		m.Answers = append(m.Answers, chart.Shorten(classes[c]))
		row := matrixRow{Name: chart.Shorten(classes[c])}
		total := 0
		for _, n := range counts {
			total += n
		}
		for answer, n := range counts {
			one := cell{Right: answer == c, Share: float64(n) / float64(max(1, total))}
			if n > 0 {
				one.Count = chart.Grouped(n)
			}
			row.Cells = append(row.Cells, one)
		}
		m.Rows = append(m.Rows, row)
	}
	return m
}

// compare describes int8 against float.
func compare(r *Report) []Setting {
	a := metrics.Compare(r.Float, r.Int8, r.Labels)
	f, i := metrics.Measure(r.Float, r.Labels), metrics.Measure(r.Int8, r.Labels)
	return []Setting{
		{"right, float", chart.PerCent(f.Top1, 1)},
		{"right, int8", chart.PerCent(i.Top1, 1)},
		{"drop, paired", chart.Fixed(a.Drop, 1) + " " + a.DropUncertainty(1) + " points"},
		{"same answer", chart.PerCent(a.SameTop1, 1) + " " + a.SameUncertainty(1)},
		{"KL divergence", chart.Fixed(a.KL, 4) + " nats"},
	}
}

// MostConfident returns the indices of the n mistakes with the highest probability.
func MostConfident(logits [][]float32, labels []int, n int) []int {
	var wrong []int
	for i, l := range logits {
		if metrics.ArgMax(l) != labels[i] {
			wrong = append(wrong, i)
		}
	}
	confidence := func(i int) float64 { return metrics.Probability(logits[i], metrics.ArgMax(logits[i])) }
	slices.SortStableFunc(wrong, func(a, b int) int { return cmp.Compare(confidence(b), confidence(a)) })
	return wrong[:min(n, len(wrong))]
}
