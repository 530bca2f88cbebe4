package importer

import (
	"encoding/json"
	"fmt"
	"slices"

	"halfmeg/model"
)

// metadata is what a .safetensors file of package exporter states besides its tensors.
type metadata struct {
	topology model.Topology
	input    model.Input
	labels   []string
}

// readMetadata reads the metadata of a .safetensors file, a map of strings. It returns nil
// if another program wrote the file.
func readMetadata(text json.RawMessage) (*metadata, error) {
	if text == nil {
		return nil, nil
	}
	var entries map[string]string
	if err := json.Unmarshal(text, &entries); err != nil {
		return nil, err
	}
	if entries["topology"] == "" || entries["input"] == "" {
		return nil, nil
	}
	m := &metadata{}
	for name, value := range map[string]any{"topology": &m.topology, "input": &m.input, "labels": &m.labels} {
		if err := json.Unmarshal([]byte(entries[name]), value); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if _, err := m.topology.GraphFor(m.input, m.labels); err != nil {
		return nil, err
	}
	return m, nil
}

// with returns the options with the values of a file's metadata where the user set none.
func (c overrides) with(m *metadata) *overrides {
	if c.topology == nil {
		t := m.topology
		c.topology = &t
		if c.linear == nil {
			c.linear, c.source = &t.Head.Linear, "the metadata"
		}
		if c.ceil == nil {
			c.ceil = &t.PoolCeil
		}
	}
	in := m.input
	if c.size == 0 {
		c.size = in.Size
	}
	if c.fit == nil {
		c.fit = &in.Fit
		if c.resize == 0 && in.Fit != model.Direct {
			c.resize = in.Sized(c.size).Resize
		}
	}
	if c.order == nil {
		c.order = &in.Order
	} else if *c.order != in.Order { // the values move with their channels
		slices.Reverse(in.Mean[:])
		slices.Reverse(in.Std[:])
	}
	if c.mean == nil {
		c.mean = &in.Mean
	}
	if c.std == nil {
		c.std = &in.Std
	}
	return &c
}
