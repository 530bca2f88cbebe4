package main

import (
	"errors"
	"fmt"
	"slices"

	"halfmeg/model"
	"halfmeg/model/pretrained"
	"halfmeg/model/sqz"
	"halfmeg/quant/importer"
	"halfmeg/tools/internal/metrics"
)

// network is an int8 or float network.
type network struct {
	topology model.Topology
	input    model.Input
	labels   []string
	runner   func() (metrics.Runner, error)
	notes    []string // on how the file was read
	dead     []string // layers whose weights are all zero
}

func (n *network) classes() int { return n.topology.Head.Classes }

// openModel reads a .sqz file or an embedded network.
func openModel(name string) (*network, error) {
	var n *model.Network
	var err error
	if slices.Contains(pretrained.Names(), name) {
		n, err = pretrained.Load(name)
	} else {
		n, err = sqz.ReadFile(name)
	}
	if err != nil {
		return nil, err
	}
	return &network{topology: n.Topology, input: n.Input, labels: n.Labels, runner: metrics.Int8(n), dead: dead(n.Topology, func(layer int) bool {
		return !slices.ContainsFunc(n.Layers[layer].Weights, func(w int8) bool { return w != 0 })
	})}, nil
}

// openReference reads a .sqz file or float weights. The preprocessing and, unless
// the user states it, the topology are taken from the tested network.
func openReference(s *settings, tested *network) (*network, error) {
	path := s.against
	n, err := openModel(path)
	switch {
	case errors.Is(err, sqz.ErrFormat):
		n, err = openWeights(s, tested)
	case err == nil && s.topology != "":
		err = fmt.Errorf("-topology %s: %s states its topology; the flag is for float weights", s.topology, path)
	}
	if err != nil {
		return nil, err
	}
	if n.classes() != tested.classes() {
		return nil, fmt.Errorf("%s has %d classes and the tested network %d: they cannot be compared", path, n.classes(), tested.classes())
	}
	return n, nil
}

func openWeights(s *settings, tested *network) (*network, error) {
	in := tested.input
	o := importer.Options{
		Topology: s.topology,
		Network:  &tested.topology,
		Size:     in.Size,
		Order:    in.Order.String(),
		Mean:     fmt.Sprintf("%g,%g,%g", in.Mean[0], in.Mean[1], in.Mean[2]),
		Std:      fmt.Sprintf("%g,%g,%g", in.Std[0], in.Std[1], in.Std[2]),
		Fit:      in.Fit.String(),
		Resize:   in.Resize,
	}
	if s.topology != "" {
		o.Pool = map[bool]string{true: "ceil", false: "floor"}[tested.topology.PoolCeil] // unless the file states it
	}
	loaded, err := importer.Load(s.against, o)
	if err != nil {
		return nil, err
	}
	f := loaded.Network
	runner, err := metrics.Float(f)
	n := &network{topology: f.Topology, input: f.Input, labels: f.Labels, runner: runner, dead: dead(f.Topology, func(layer int) bool {
		return !slices.ContainsFunc(f.Layers[layer].Weights, func(w float32) bool { return w != 0 })
	})}
	if s.topology == "" {
		n.notes = append(n.notes, fmt.Sprintf("%s is read with the topology and the preprocessing of %s", s.against, s.model))
	} else {
		n.notes = append(n.notes, fmt.Sprintf("%s is read with the topology of -topology %s and the preprocessing of %s", s.against, s.topology, s.model))
	}
	for _, a := range loaded.Assumed {
		n.notes = append(n.notes, "assumed: "+a)
	}
	return n, err
}

// dead lists the convolutions that are zero.
func dead(t model.Topology, zero func(layer int) bool) []string {
	g, err := t.Graph()
	if err != nil {
		return nil // the network was validated
	}
	var names []string
	for _, s := range g.Convolutions {
		if zero(s.Layer) {
			names = append(names, s.Name)
		}
	}
	return names
}
