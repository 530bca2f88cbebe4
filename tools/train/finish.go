package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"syscall"

	"halfmeg/internal/atomicfile"
	"halfmeg/quant/exporter"
	"halfmeg/quant/float"
	"halfmeg/quant/train"
	"halfmeg/tools/internal/cli"
	"halfmeg/tools/internal/compress"
	"halfmeg/tools/internal/metrics"
	"halfmeg/tools/internal/pictures"
)

// result is what a job produces.
type result struct {
	way             string
	headCurve       []train.Epoch // of the last layer alone
	curve           []train.Epoch // of fine-tuning or training from scratch
	validationCurve []float64     // accuracy after every measuredEvery epochs of curve
	net             *float.Network
	checkpointed    bool // whether the run has written or read its checkpoint
	chosen          *compress.Attempt
	float           [][]float32 // logits on the validation pictures
}

// The search for a file of -max-bytes bytes. For few classes, of which most pictures
// are certain, a small divergence already is a coarse network; and the last tenth of the
// bytes changes no answers, but each attempt takes half a minute.
const (
	firstDivergence = 1.5e-6
	enoughBytes     = 0.9
)

// calibrationPictures is the number of training pictures for calibration.
const calibrationPictures = 200

// finish quantizes, measures and writes the network.
func (j *job) finish(ctx context.Context) error {
	if err := j.fitTemperature(ctx); err != nil {
		return err
	}
	// First, so that an interruption of what follows loses little.
	if err := write(j.floatOut, 0o644, func(w io.Writer) error { return exporter.Safetensors(w, j.net) }); err != nil {
		return err
	}
	fmt.Printf("%s: the float network, with torchvision's names\n", j.floatOut)
	if err := j.quantize(ctx); err != nil {
		return err
	}
	if err := write(j.out, 0o644, bytesOf(j.chosen.Encoded)); err != nil {
		return err
	}
	j.measure()
	fmt.Printf("%s: %d bytes\n", j.out, j.chosen.Bytes)
	if j.reportOut == "" {
		return nil
	}
	if err := j.writeReport(); err != nil {
		return err
	}
	fmt.Printf("%s: report, with photographs from the folder\n", j.reportOut)
	return nil
}

// fitTemperature scales the last layer such that the probabilities fit the validation
// pictures, if there are enough of them.
func (j *job) fitTemperature(ctx context.Context) error {
	if len(j.validation.Data) < fewValidation {
		return nil
	}
	newRunner, err := metrics.Float(j.net)
	if err != nil {
		return err
	}
	logits, err := metrics.RunAll(ctx, newRunner, j.validation.Data, j.workers, func() {})
	if err != nil {
		return err
	}
	factor := metrics.Temperature(logits, j.validation.Labels())
	n := *j.net
	n.Layers = slices.Clone(n.Layers)
	last := &n.Layers[len(n.Layers)-1]
	last.Weights, last.Bias = scaled(last.Weights, factor), scaled(last.Bias, factor)
	j.net = &n
	fmt.Printf("logits multiplied by %.2f, so that the probabilities fit the validation pictures\n", factor)
	return nil
}

func scaled(values []float32, factor float64) []float32 {
	out := make([]float32, len(values))
	for i, v := range values {
		out[i] = float32(float64(v) * factor)
	}
	return out
}

// quantize makes the int8 network.
func (j *job) quantize(ctx context.Context) error {
	items := compress.Spread(inputs(j.training), calibrationPictures)
	calibration, err := pictures.Load(ctx, items, j.net.Input, j.workers, func() {})
	if err != nil {
		return err
	}
	if err := compress.MixUncropped(ctx, calibration, j.net.Input, j.workers); err != nil {
		return err
	}
	j.net.Source.Calibration = fmt.Sprintf("%d training pictures", len(calibration.Data))
	j.net.Source.Tool = "halfmeg train"
	m, err := compress.New(ctx, j.net, calibration.Data, j.validation, j.workers)
	if err != nil {
		return err
	}
	if m.Blind() != "" {
		j.warn(m.Blind() + ": it has learnt nothing that tells the classes apart; try a lower -rate or more -epochs")
	}
	found, err := m.Search(ctx, compress.Limits{Bytes: j.bytes, Start: firstDivergence, Enough: enoughBytes})
	if err != nil {
		return err
	}
	j.chosen = found.Best
	_, j.float = m.HeldOut()
	return nil
}

// measure prints the accuracy on the validation pictures.
func (j *job) measure() {
	labels := j.validation.Labels()
	if len(labels) == 0 {
		j.warn("no validation pictures: the accuracy was not measured")
		return
	}
	f, i := metrics.Measure(j.float, labels), metrics.Measure(j.chosen.Logits, labels)
	low, high := metrics.Wilson(i.Top1/100, i.Pictures)
	_, expected := metrics.Calibration(j.chosen.Logits, labels)
	fmt.Printf("\nint8, as edge runs it: %.1f %% of %d validation pictures right (95 %% interval %.1f to %.1f)\n",
		i.Top1, i.Pictures, 100*low, 100*high)
	fmt.Printf("float: %.1f %%, drop %.1f %s points; expected calibration error %.1f points\n",
		f.Top1, j.chosen.Agreement.Drop, j.chosen.Agreement.DropUncertainty(1), 100*expected)
	if i.Pictures < fewValidation {
		j.warn(fmt.Sprintf("measured on only %d pictures: the accuracy lies between %.0f and %.0f %%", i.Pictures, 100*low, 100*high))
	}
	j.printClasses(labels)
}

// fewValidation is the number of validation pictures below which a warning says how
// little is known.
const fewValidation = 50

// mostPrinted is the number of classes up to which all are printed.
const mostPrinted = 20

// printClasses prints the accuracy by class, the worst first.
func (j *job) printClasses(labels []int) {
	fmt.Printf("\n%-24s %8s %9s %18s  %s\n", "class", "pictures", "right, %", "95 % interval", "most often taken for")
	for _, c := range metrics.WorstClasses(j.chosen.Logits, labels, j.set.Classes, mostPrinted) {
		low, high := metrics.Wilson(c.Top1/100, c.Pictures)
		mistaken := ""
		if c.Mistaken >= 0 {
			mistaken = j.set.Classes[c.Mistaken]
		}
		fmt.Printf("%-24s %8d %9.1f %18s  %s\n", cli.Line(c.Label), c.Pictures, c.Top1, fmt.Sprintf("%.1f to %.1f", 100*low, 100*high), cli.Line(mistaken))
	}
	fmt.Println()
}

// write replaces a file. If that fails, what was there before remains.
func write(path string, mode fs.FileMode, content func(io.Writer) error) error {
	err := atomicfile.Write(path, mode, content)
	if errors.Is(err, syscall.ENOSPC) {
		return fmt.Errorf("the disk is full: %s was not written, and what was there before is untouched: %w", path, err)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

func bytesOf(data []byte) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	}
}
