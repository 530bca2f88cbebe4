package report

import (
	"math"

	"halfmeg/tools/internal/chart"
)

// table is the figures of each layer and of the whole file.
type table struct {
	Rows  []tableRow
	Rest  []tableRow // parts of the file that are not layers
	Total tableRow
}

type tableRow struct {
	Name                                               string
	Weights, Bits, WeightBytes, ParameterBytes         string
	Bytes, Share, Largest, Zeros, WeightSNR, OutputSNR string
}

func newTable(r *Report) table {
	var t table
	var all struct{ weights, zeros, weightBytes, parameterBytes int }
	for _, l := range r.Layers {
		weights, zeros := l.After.total(), l.After.zeros()
		t.Rows = append(t.Rows, tableRow{
			Name:           chart.Clean(l.Name),
			Weights:        chart.Grouped(weights),
			Bits:           chart.Fixed(bitsPer(weights, l.WeightBytes), 2),
			WeightBytes:    chart.Grouped(l.WeightBytes),
			ParameterBytes: chart.Grouped(l.ParameterBytes),
			Bytes:          chart.Grouped(l.bytes()),
			Share:          chart.Fixed(chart.PercentOf(l.bytes(), r.bytes()), 1),
			Largest:        chart.Fixed(l.After.largest(), 0),
			Zeros:          chart.Fixed(chart.PercentOf(zeros, weights), 1),
			WeightSNR:      chart.Fixed(l.WeightSNR, 1),
			OutputSNR:      chart.Fixed(l.OutputSNR, 1),
		})
		all.weights += weights
		all.zeros += zeros
		all.weightBytes += l.WeightBytes
		all.parameterBytes += l.ParameterBytes
	}
	t.Rest = []tableRow{
		{Name: "labels", Bytes: chart.Grouped(r.Labels), Share: chart.Fixed(chart.PercentOf(r.Labels, r.bytes()), 1)},
		{Name: "header", Bytes: chart.Grouped(r.Header), Share: chart.Fixed(chart.PercentOf(r.Header, r.bytes()), 1)},
	}
	t.Total = tableRow{
		Name:           "whole file",
		Weights:        chart.Grouped(all.weights),
		Bits:           chart.Fixed(bitsPer(all.weights, all.weightBytes), 2),
		WeightBytes:    chart.Grouped(all.weightBytes),
		ParameterBytes: chart.Grouped(all.parameterBytes),
		Bytes:          chart.Grouped(r.bytes()),
		Share:          chart.Fixed(chart.PercentOf(r.bytes(), r.bytes()), 1),
		Zeros:          chart.Fixed(chart.PercentOf(all.zeros, all.weights), 1),
	}
	return t
}

// bitsPer returns the bits per weight.
func bitsPer(weights, bytes int) float64 {
	if weights == 0 {
		return math.NaN()
	}
	return 8 * float64(bytes) / float64(weights)
}
