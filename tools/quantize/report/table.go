package report

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
			Name:           clean(l.Name),
			Weights:        grouped(weights),
			Bits:           fixed(bitsPer(weights, l.WeightBytes), 2),
			WeightBytes:    grouped(l.WeightBytes),
			ParameterBytes: grouped(l.ParameterBytes),
			Bytes:          grouped(l.bytes()),
			Share:          fixed(percentOf(l.bytes(), r.bytes()), 1),
			Largest:        fixed(l.After.largest(), 0),
			Zeros:          fixed(percentOf(zeros, weights), 1),
			WeightSNR:      fixed(l.WeightSNR, 1),
			OutputSNR:      fixed(l.OutputSNR, 1),
		})
		all.weights += weights
		all.zeros += zeros
		all.weightBytes += l.WeightBytes
		all.parameterBytes += l.ParameterBytes
	}
	t.Rest = []tableRow{
		{Name: "labels", Bytes: grouped(r.Labels), Share: fixed(percentOf(r.Labels, r.bytes()), 1)},
		{Name: "header", Bytes: grouped(r.Header), Share: fixed(percentOf(r.Header, r.bytes()), 1)},
	}
	t.Total = tableRow{
		Name:           "whole file",
		Weights:        grouped(all.weights),
		Bits:           fixed(bitsPer(all.weights, all.weightBytes), 2),
		WeightBytes:    grouped(all.weightBytes),
		ParameterBytes: grouped(all.parameterBytes),
		Bytes:          grouped(r.bytes()),
		Share:          fixed(percentOf(r.bytes(), r.bytes()), 1),
		Zeros:          fixed(percentOf(all.zeros, all.weights), 1),
	}
	return t
}
