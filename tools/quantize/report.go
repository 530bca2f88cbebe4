package main

import (
	"cmp"
	"io"
	"math"
	"path/filepath"
	"slices"

	"halfmeg/camera/picture"
	"halfmeg/internal/atomicfile"
	"halfmeg/model/sqz"
	"halfmeg/quant/float"
	"halfmeg/tools/internal/chart"
	"halfmeg/tools/internal/compress"
	"halfmeg/tools/internal/metrics"
	"halfmeg/tools/quantize/report"
)

// worstPictures is the number of pictures in the report.
const worstPictures = 12

// writeReport writes the HTML page atomically. sizes are those of the .sqz file.
func writeReport(path string, n *float.Network, m *outcome, sizes sqz.Sizes, warnings []string) error {
	r := report.Report{
		Name:      "SqueezeNet " + n.Topology.Name,
		Source:    n.Source,
		Header:    sizes.Frame + sizes.Header,
		Labels:    sizes.Labels,
		Agreement: m.Agreement,
		Float:     m.float,
		Int8:      m.int8,
		Worst:     m.worst(n.Labels),
		Warnings:  warnings,
		Blind:     m.blind != "",
	}
	for i, l := range m.Result.Layers {
		r.Layers = append(r.Layers, report.Layer{
			Name:           l.Name,
			WeightBytes:    sizes.Layers[i].Weights,
			ParameterBytes: sizes.Layers[i].Parameters,
			Before:         report.FloatHistogram(l.Target, l.Steps),
			After:          report.Int8Histogram(m.Result.Network.Layers[i].Weights),
			WeightSNR:      l.WeightSNR,
			OutputSNR:      l.ActivationSNR,
		})
	}
	for _, a := range m.attempts {
		if a != m.Attempt {
			r.Curve = append(r.Curve, point(a, false))
		}
	}
	r.Curve = append(r.Curve, point(m.Attempt, true))
	// Readable for the owner only: it contains their pictures.
	return atomicfile.Write(path, 0o600, func(w io.Writer) error { return report.Write(w, r) })
}

func point(t *compress.Attempt, chosen bool) report.Point {
	a := t.Agreement
	p := report.Point{Bytes: t.Bytes, Pictures: a.Pictures, SameTop1: a.SameTop1, SameError: a.SameError, KL: a.KL, Chosen: chosen}
	if a.Pictures == 0 || t.Blind {
		p.SameTop1, p.SameError, p.KL = math.NaN(), math.NaN(), math.NaN()
	}
	return p
}

// worst returns the held-out pictures that the two networks classify differently,
// sorted by decreasing divergence.
func (m *outcome) worst(labels []string) []report.Picture {
	type distance struct {
		picture int
		kl      float64
	}
	var all []distance
	for i := range m.Logits {
		if metrics.ArgMax(m.reference[i]) == metrics.ArgMax(m.Logits[i]) {
			continue
		}
		all = append(all, distance{i, metrics.KLDivergence(m.reference[i], m.Logits[i])})
	}
	slices.SortStableFunc(all, func(a, b distance) int { return cmp.Compare(b.kl, a.kl) })
	var out []report.Picture
	for _, d := range all[:min(worstPictures, len(all))] {
		item := m.held.Items[d.picture]
		p := report.Picture{File: filepath.Base(item.Path), Label: className(labels, item.Label)}
		if img, err := picture.DecodeFile(item.Path); err == nil {
			p.Image = chart.RGB(img.Width, img.Height, img.Pix)
		}
		p.Float = answer(m.reference[d.picture], labels, item.Label)
		p.Int8 = answer(m.Logits[d.picture], labels, item.Label)
		out = append(out, p)
	}
	return out
}

func answer(logits []float32, labels []string, label int) report.Answer {
	class := metrics.ArgMax(logits)
	return report.Answer{Label: className(labels, class), Probability: metrics.Probability(logits, class), Right: class == label}
}

// className returns the label of a class, "" if there is none.
func className(labels []string, class int) string {
	if class < 0 || class >= len(labels) {
		return ""
	}
	return labels[class]
}
