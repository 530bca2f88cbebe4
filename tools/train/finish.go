package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	"halfmeg/internal/atomicfile"
	"halfmeg/quant/float"
	"halfmeg/quant/train"
	"halfmeg/tools/internal/compress"
	"halfmeg/tools/internal/metrics"
	"halfmeg/tools/internal/pictures"
)

// result is what a job produces.
type result struct {
	way             string
	headCurve       []train.Epoch // of the last layer alone
	curve           []train.Epoch // of all layers
	validationCurve []float64     // accuracy after each epoch of curve
	net             *float.Network
	chosen          *compress.Attempt
	float           [][]float32 // logits on the validation pictures
}

// The search for a file of -max-bytes bytes. For few classes, of which most pictures
// are certain, a small divergence already is a coarse network; and the last tenth of the
// bytes changes no answers, but each attempt takes half a minute.
const (
	firstDivergence = 1e-5
	enoughBytes     = 0.9
)

// calibrationPictures is the number of training pictures for calibration.
const calibrationPictures = 200

// finish quantizes, measures and writes the network.
func (j *job) finish(ctx context.Context) error {
	if err := j.quantize(ctx); err != nil {
		return err
	}
	j.measure()
	if err := write(j.out, bytesOf(j.chosen.Encoded)); err != nil {
		return err
	}
	fmt.Printf("%s: %d bytes\n", j.out, j.chosen.Bytes)
	return nil
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
		j.warn(metrics.BlindWarning(m.Blind()))
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
	fmt.Printf("\non %d validation pictures: float %.1f %%, int8 %.1f %%\n", f.Pictures, f.Top1, i.Top1)
}

// write replaces a file. If that fails, what was there before remains.
func write(path string, content func(io.Writer) error) error {
	err := atomicfile.Write(path, 0o644, content)
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
