// Package report writes what became of a network on its way to int8 as one
// HTML page: where the bytes are and where the errors are. The page needs
// nothing beside itself, neither file nor network nor script, and shows itself
// light or dark, on paper and on a phone.
//
// The page comes about in three parts: page.go and the charts' files turn a
// Report into numbers and positions ready to print, templates/ says how these
// look, and html/template escapes every name that comes from outside.
package report

import (
	"bufio"
	"embed"
	"html/template"
	"image"
	"io"

	"halfmeg/model"
	"halfmeg/tools/internal/metrics"
)

// Report is all that the page shows.
type Report struct {
	Name   string // of the network, e.g. "squeezenet1.1"
	Source model.Source
	Header int // bytes of the file that are neither labels nor layers
	Labels int // bytes
	Layers []Layer

	// Agreement compares int8 with float on held-out pictures, and Float and
	// Int8 are how often either is right. No pictures: not measured.
	Agreement   metrics.Agreement
	Float, Int8 metrics.Accuracy

	Curve []Point   // the budgets tried, in any order
	Worst []Picture // where int8 contradicts float, the worst first
}

// Layer is one convolution, in the order of the network.
type Layer struct {
	Name           string // e.g. "fire2/squeeze1x1"
	WeightBytes    int    // in the file
	ParameterBytes int    // of biases, multipliers and scale, in the file
	Before         Histogram
	After          Histogram // the page takes the number of weights, of zeros and the largest from it
	WeightSNR      float64   // signal to rounding noise of the weights in dB; NaN, ±Inf for a dead layer
	OutputSNR      float64   // the same of the layer's output
}

// Point is a file of another size that was tried.
type Point struct {
	Bytes     int
	SameTop1  float64 // per cent of pictures that int8 and float name alike; NaN where not measured
	SameError float64 // its standard error, in points
	KL        float64 // mean Kullback-Leibler divergence from float, in nats; NaN where not measured
	Chosen    bool    // this is the file that was written
}

// Picture is one that int8 and float name differently.
type Picture struct {
	Image image.Image // nil where the file can no longer be read
	File  string
	Label string // what it shows, if that is known
	Float Answer
	Int8  Answer
}

// Answer is a network's first class.
type Answer struct {
	Label       string
	Probability float64 // 0…1
	Right       bool    // it is what the picture shows
}

// bytes is the size of the file.
func (r *Report) bytes() int {
	sum := r.Header + r.Labels
	for _, l := range r.Layers {
		sum += l.bytes()
	}
	return sum
}

func (l *Layer) bytes() int { return l.WeightBytes + l.ParameterBytes }

//go:embed templates
var files embed.FS

var pageTemplate = template.Must(template.ParseFS(files, "templates/*.html"))

// Write writes the page. It is well-formed XML too.
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
