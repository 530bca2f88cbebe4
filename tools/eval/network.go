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
	input   model.Input
	labels  []string
	classes int
	ceil    bool // pools round their output size up
	runner  func() (metrics.Runner, error)
}

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
	return &network{n.Input, n.Labels, n.Topology.Head.Classes, n.Topology.PoolCeil, metrics.Int8(n)}, nil
}

// openReference reads a .sqz file or float weights. The preprocessing and the
// rounding of pools are taken from the tested network.
func openReference(path string, tested *network) (*network, error) {
	n, err := openModel(path)
	if errors.Is(err, sqz.ErrFormat) {
		n, err = openWeights(path, tested)
	}
	if err != nil {
		return nil, err
	}
	if n.classes != tested.classes {
		return nil, fmt.Errorf("%s has %d classes and the tested network %d: they cannot be compared", path, n.classes, tested.classes)
	}
	return n, nil
}

func openWeights(path string, tested *network) (*network, error) {
	in := tested.input
	o := importer.Options{
		Pool:   map[bool]string{true: "ceil", false: "floor"}[tested.ceil],
		Size:   in.Size,
		Order:  in.Order.String(),
		Mean:   fmt.Sprintf("%g,%g,%g", in.Mean[0], in.Mean[1], in.Mean[2]),
		Std:    fmt.Sprintf("%g,%g,%g", in.Std[0], in.Std[1], in.Std[2]),
		Fit:    in.Fit.String(),
		Resize: in.Resize,
	}
	loaded, err := importer.Load(path, o)
	if err != nil {
		return nil, err
	}
	f := loaded.Network
	runner, err := metrics.Float(f)
	return &network{f.Input, f.Labels, f.Topology.Head.Classes, f.Topology.PoolCeil, runner}, err
}
