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
		Agreement: m.agreement,
		Float:     m.float,
		Int8:      m.int8,
		Worst:     m.worst(n.Labels),
		Warnings:  warnings,
		Blind:     m.blind != "",
	}
	for i, l := range m.result.Layers {
		r.Layers = append(r.Layers, report.Layer{
			Name:           l.Name,
			WeightBytes:    sizes.Layers[i].Weights,
			ParameterBytes: sizes.Layers[i].Parameters,
			Before:         report.FloatHistogram(l.Target, l.Steps),
			After:          report.Int8Histogram(m.result.Network.Layers[i].Weights),
			WeightSNR:      l.WeightSNR,
			OutputSNR:      l.ActivationSNR,
		})
	}
	for _, a := range m.attempts {
		if a != m.attempt {
			r.Curve = append(r.Curve, point(a, false))
		}
	}
	r.Curve = append(r.Curve, point(m.attempt, true))
	// Readable for the owner only: it contains their pictures.
	return atomicfile.Write(path, 0o600, func(w io.Writer) error { return report.Write(w, r) })
}

func point(t *attempt, chosen bool) report.Point {
	a := t.agreement
	p := report.Point{Bytes: t.bytes, Pictures: a.Pictures, SameTop1: a.SameTop1, SameError: a.SameError, KL: a.KL, Chosen: chosen}
	if a.Pictures == 0 || t.blind {
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
	for i := range m.logits {
		if metrics.ArgMax(m.held.logits[i]) == metrics.ArgMax(m.logits[i]) {
			continue
		}
		all = append(all, distance{i, metrics.KLDivergence(m.held.logits[i], m.logits[i])})
	}
	slices.SortStableFunc(all, func(a, b distance) int { return cmp.Compare(b.kl, a.kl) })
	var out []report.Picture
	for _, d := range all[:min(worstPictures, len(all))] {
		item := m.held.inputs.Items[d.picture]
		p := report.Picture{File: filepath.Base(item.Path), Label: className(labels, item.Label)}
		if img, err := picture.DecodeFile(item.Path); err == nil {
			p.Image = report.RGB(img.Width, img.Height, img.Pix)
		}
		p.Float = answer(m.held.logits[d.picture], labels, item.Label)
		p.Int8 = answer(m.logits[d.picture], labels, item.Label)
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
