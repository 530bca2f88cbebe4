package main

import (
	"fmt"
	"io"
	"path/filepath"

	"halfmeg/camera/picture"
	"halfmeg/model"
	"halfmeg/quant/train"
	"halfmeg/tools/internal/chart"
	"halfmeg/tools/internal/metrics"
	"halfmeg/tools/train/dataset"
	"halfmeg/tools/train/report"
)

// reportedMistakes is the number of pictures in the report.
const reportedMistakes = 12

// writeReport writes the HTML page.
func (j *job) writeReport() error {
	labels := j.validation.Labels()
	r := report.Report{
		Name:          filepath.Base(j.out),
		Way:           map[string]string{fromHead: "last layer trained", fromFineTune: "fine-tuned", fromScratch: "trained from scratch"}[j.way],
		Bytes:         j.chosen.Bytes,
		Classes:       j.set.Classes,
		Training:      j.set.Counts(false),
		Warnings:      j.warnings,
		Head:          epochs(j.headCurve),
		All:           epochs(j.curve),
		Validation:    j.validationCurve,
		MeasuredEvery: j.measuredEvery(),
		Labels:        labels,
		Float:         j.float,
		Int8:          j.chosen.Logits,
		Settings:      j.reportedSettings(),
	}
	for _, i := range report.MostConfident(r.Int8, labels, reportedMistakes) {
		item := dataset.Item{Path: j.validation.Items[i].Path}
		answer := metrics.ArgMax(r.Int8[i])
		m := report.Mistake{
			File:        item.Name(),
			Label:       j.set.Classes[labels[i]],
			Answer:      j.set.Classes[answer],
			Probability: metrics.Probability(r.Int8[i], answer),
		}
		if img, err := picture.DecodeFile(item.Path); err == nil {
			m.Image = chart.RGB(img.Width, img.Height, img.Pix)
		}
		r.Mistakes = append(r.Mistakes, m)
	}
	// Readable for the owner only: it contains their pictures.
	return write(j.reportOut, 0o600, func(w io.Writer) error { return report.Write(w, r) })
}

// reportedSettings lists what determined the result.
func (j *job) reportedSettings() []report.Setting {
	settings := []report.Setting{
		{Name: "Pictures", Value: j.pictures},
		{Name: "Method", Value: j.way},
		{Name: "Start", Value: j.net.Source.Weights},
		{Name: "Input", Value: inputText(j.net.Input)},
		{Name: "Seed", Value: fmt.Sprint(j.seed)},
		{Name: "Batch", Value: fmt.Sprint(j.batch)},
		{Name: "Mirrored", Value: fmt.Sprint(j.mirror)},
	}
	if j.way == fromHead {
		return settings
	}
	settings = append(settings,
		report.Setting{Name: "Epochs", Value: fmt.Sprint(j.epochs)},
		report.Setting{Name: "Peak learning rate", Value: fmt.Sprintf("%.4g", j.rate)},
		report.Setting{Name: "Trained at", Value: fmt.Sprintf("%d x %d pixels", j.side, j.side)},
		report.Setting{Name: "Blended with another (mixup)", Value: fmt.Sprintf("%.0f %%", 100*j.mixed)},
	)
	if j.way == fromFineTune {
		settings = append(settings, report.Setting{Name: "Weight of the fine-tuned network", Value: fmt.Sprintf("%.2f", j.share())})
	}
	return settings
}

// inputText describes how a picture becomes the input.
func inputText(in model.Input) string {
	text := fmt.Sprintf("%d x %d pixels, %s", in.Size, in.Size, in.Fit)
	if in.Fit == model.Direct {
		return text
	}
	return fmt.Sprintf("%s from %d", text, in.Resize)
}

func epochs(curve []train.Epoch) []report.Epoch {
	var out []report.Epoch
	for _, e := range curve {
		out = append(out, report.Epoch{Loss: e.Loss, Accuracy: e.Accuracy})
	}
	return out
}
