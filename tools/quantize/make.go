package main

import (
	"context"
	"fmt"
	"os"
	"slices"

	"halfmeg/quant/float"
	"halfmeg/tools/internal/cli"
	"halfmeg/tools/internal/compress"
	"halfmeg/tools/internal/metrics"
	"halfmeg/tools/internal/pictures"
	"halfmeg/tools/internal/progress"
)

// outcome is the chosen attempt and what the report compares it with.
type outcome struct {
	*compress.Attempt
	attempts  []*compress.Attempt // all attempts of the search
	held      *pictures.Inputs    // the held-out pictures
	reference [][]float32         // logits of the float network on held
	blind     string              // why the classes show no error, see metrics.Blind; "" if they do
	float     metrics.Accuracy
	int8      metrics.Accuracy
}

// quantize reads the pictures and quantizes the network, calibrated on all but
// the held-out pictures.
func quantize(ctx context.Context, n *float.Network, folder *pictures.Folder, s *settings, d *warningList) (*outcome, error) {
	inputs, err := load(ctx, n, folder, s.workers)
	if err != nil {
		return nil, err
	}
	calibration, heldOut := inputs.HoldOut()
	warn(inputs, len(folder.Items), calibration, d)
	if s.Drop > 0 && len(heldOut.Data) < minHeldOut {
		return nil, fmt.Errorf("-max-drop is measured on every tenth picture and needs %d readable pictures; the folder has %d", 10*minHeldOut, len(inputs.Data))
	}
	if err := compress.MixUncropped(ctx, calibration, n.Input, s.workers); err != nil {
		return nil, err
	}
	n.Source.Calibration = fmt.Sprintf("%d pictures", len(calibration.Data))
	n.Source.Tool = "halfmeg quantize"
	m, err := compress.New(ctx, n, calibration.Data, heldOut, s.workers)
	if err != nil {
		return nil, err
	}
	if m.Blind() != "" {
		d.warn(metrics.BlindWarning(m.Blind()))
		if s.Drop > 0 {
			return nil, fmt.Errorf("-max-drop cannot be measured: %s; use -max-bytes", m.Blind())
		}
	}
	found, err := m.Search(ctx, s.Limits)
	if err != nil {
		return nil, err
	}
	best := found.Best
	switch {
	case s.rounds == 0:
	case len(heldOut.Data) == 0:
		d.note("-distill skipped: too few pictures to hold some out and measure whether it helps")
	case m.Blind() != "":
		d.note("-distill skipped, which learns from the divergence: " + m.Blind())
	default:
		if best, err = m.Improve(ctx, best, s.rounds, s.Limits); err != nil {
			return nil, err
		}
	}
	held, reference := m.HeldOut()
	labels := held.Labels()
	return &outcome{
		Attempt:   best,
		attempts:  found.Attempts,
		held:      held,
		reference: reference,
		blind:     m.Blind(),
		float:     metrics.Measure(reference, labels),
		int8:      metrics.Measure(best.Logits, labels),
	}, nil
}

// minHeldOut is the least number of pictures on which a drop is measured.
const minHeldOut = 20

// load prepares all pictures for the network, with a progress bar.
func load(ctx context.Context, n *float.Network, folder *pictures.Folder, workers int) (*pictures.Inputs, error) {
	bars := progress.New()
	defer bars.Close()
	return pictures.Load(ctx, folder.Items, n.Input, workers, bars.Add("reading pictures", len(folder.Items)))
}

// warn prints warnings about unreadable, too few and blank pictures.
func warn(inputs *pictures.Inputs, listed int, calibration *pictures.Inputs, d *warningList) {
	for _, err := range inputs.Unreadable {
		fmt.Fprintln(os.Stderr, cli.Line("quantize: left out: "+err.Error()))
	}
	if len(inputs.Unreadable) > 0 {
		d.note(fmt.Sprintf("%d of %d pictures could not be read and were left out", len(inputs.Unreadable), listed))
	}
	if n := blank(calibration.Data); n > 0 {
		d.note(fmt.Sprintf("%d of %d calibration pictures show a single colour and are unlike what the network will see", n, len(calibration.Data)))
	}
	if calibrated := len(calibration.Data); calibrated < fewPictures {
		d.note(fmt.Sprintf("calibrated on only %d pictures; a few hundred bring the int8 network closer to the float one", calibrated))
	}
}

// blank counts the pictures (3 bytes per pixel) whose pixels are all equal.
func blank(data [][]int8) int {
	n := 0
	for _, picture := range data {
		if slices.Equal(picture[3:], picture[:len(picture)-3]) {
			n++
		}
	}
	return n
}

// fewPictures is the number below which calibration is noticeably worse.
const fewPictures = 100
