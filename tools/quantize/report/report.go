// Package report writes an HTML page about the quantization of a network: where
// the bytes of the file are and where the errors are. The page is self-contained:
// it loads no other file and runs no script. It supports light and dark mode,
// print and small screens.
//
// page.go and the files of the charts turn a Report into text and positions, the
// templates lay them out, and html/template escapes untrusted names.
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

// Report is the content of the page.
type Report struct {
	Name   string // of the network, e.g. "squeezenet1.1"
	Source model.Source
	Header int // bytes of the file that are neither labels nor layers
	Labels int // bytes
	Layers []Layer

	// Agreement compares int8 with float on the held-out pictures; Float and Int8
	// are their accuracies. Zero pictures mean that nothing was measured.
	Agreement   metrics.Agreement
	Float, Int8 metrics.Accuracy

	// Blind is set if the network's classes show no errors, see metrics.Blind:
	// of the agreement, only the error of the logits is shown.
	Blind    bool
	Warnings []string

	Curve []Point   // the file sizes tried, in any order
	Worst []Picture // on which int8 and float disagree, the worst first
}

// Layer is one convolution, in the order of the network.
type Layer struct {
	Name           string // e.g. "fire2/squeeze1x1"
	WeightBytes    int    // in the file
	ParameterBytes int    // of biases, multipliers and scale, in the file
	Before         Histogram
	After          Histogram // also the source of the number of weights and zeros and the largest weight
	WeightSNR      float64   // signal-to-noise ratio of the weights in dB; NaN or ±Inf for a dead layer
	OutputSNR      float64   // likewise of the layer's output
}

// Point is a file size that was tried.
type Point struct {
	Bytes     int
	Pictures  int     // compared
	SameTop1  float64 // per cent of pictures with the same top-1 class; NaN if not measured
	SameError float64 // its standard error, in points
	KL        float64 // mean Kullback-Leibler divergence from float, in nats; NaN if not measured
	Chosen    bool    // the file that was written
}

// Picture is a picture that int8 and float classify differently.
type Picture struct {
	Image image.Image // nil if the file can no longer be read
	File  string
	Label string // its true class, "" if unknown
	Float Answer
	Int8  Answer
}

// Answer is the top-1 class of a network.
type Answer struct {
	Label       string
	Probability float64 // 0…1
	Right       bool    // it is the true class
}

// bytes returns the size of the file.
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
