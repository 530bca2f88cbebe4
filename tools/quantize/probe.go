package main

import (
	"context"
	"fmt"
	"math"
	"slices"

	"halfmeg/model"
	"halfmeg/quant/float"
	"halfmeg/tools/internal/compress"
	"halfmeg/tools/internal/metrics"
	"halfmeg/tools/internal/pictures"
	"halfmeg/tools/internal/progress"
)

// probePictures is the number of labelled pictures for each alternative.
const probePictures = 100

// alternative is another preprocessing, or another guess at what the weights
// alone do not state.
type alternative struct {
	name  string
	flags string
	net   float.Network
}

// probe tries other channel orders, means and roundings on labelled pictures and
// warns if one is significantly more accurate: wrong preprocessing is the most
// common silent loss of accuracy. Unless the topology is stated by the file's
// graph, it also tries other paddings of conv1 and the other kind of head.
func probe(ctx context.Context, n *float.Network, stated bool, folder *pictures.Folder, workers int, d *warningList) error {
	if w := folder.Warning(); w != "" {
		d.note(w)
	}
	if len(folder.Labelled()) == 0 {
		fmt.Println("the classes of the pictures are unknown: the preprocessing was not checked")
		return nil
	}
	items := compress.Spread(folder.Labelled(), probePictures)
	others := alternatives(n, stated)
	bars := progress.New()
	defer bars.Close()
	step := bars.Add("checking the preprocessing", (1+len(others))*len(items))
	hits, err := classify(ctx, n, items, workers, step)
	if err != nil {
		return err
	}
	var warnings []string
	for _, a := range others {
		other, err := classify(ctx, &a.net, items, workers, step)
		if err != nil {
			return err
		}
		if better(other, hits) {
			warnings = append(warnings, fmt.Sprintf("on %d labelled pictures %s is significantly better: %d correct instead of %d; if the network was trained like that, use %s",
				len(hits), a.name, total(other), total(hits), a.flags))
		}
	}
	bars.Close()
	for _, w := range warnings {
		d.note(w)
	}
	if len(warnings) == 0 {
		d.warn(metrics.AtChance(total(hits), len(hits), n.Topology.Head.Classes))
	}
	return nil
}

// alternatives returns variants of the network that undo common mistakes.
func alternatives(n *float.Network, stated bool) []alternative {
	swapped := *n
	swapped.Input.Order = model.RGB + model.BGR - n.Input.Order
	swapped.Input.Mean = reverse(n.Input.Mean)
	swapped.Input.Std = reverse(n.Input.Std)
	found := []alternative{{"channel order " + swapped.Input.Order.String(),
		fmt.Sprintf("-order %s -mean %s -std %s", swapped.Input.Order, join(swapped.Input.Mean), join(swapped.Input.Std)), swapped}}
	for _, known := range []struct {
		name string
		in   model.Input
	}{{"Caffe's input", model.CaffeInput()}, {"torchvision's input", model.TorchvisionInput()}} {
		if known.in.Mean == n.Input.Mean && known.in.Std == n.Input.Std {
			continue
		}
		other := *n
		other.Input.Order, other.Input.Mean, other.Input.Std = known.in.Order, known.in.Mean, known.in.Std
		found = append(found, alternative{known.name,
			fmt.Sprintf("-order %s -mean %s -std %s", known.in.Order, join(known.in.Mean), join(known.in.Std)), other})
	}
	pooled := *n
	pooled.Topology.PoolCeil = !n.Topology.PoolCeil
	if pooled.Validate() == nil && !sameShapes(n.Topology, pooled.Topology) {
		mode := map[bool]string{true: "ceil", false: "floor"}[pooled.Topology.PoolCeil]
		found = append(found, alternative{"pooling with " + mode, "-pool " + mode, pooled})
	}
	if !stated {
		found = append(found, otherTopologies(n)...)
	}
	return found
}

// otherTopologies differ in what the shapes of the weights do not show.
func otherTopologies(n *float.Network) []alternative {
	var found []alternative
	conv1 := n.Topology.Conv1
	// None as published, one pixel, and what keeps the size at stride 1.
	for i, pads := 0, []int{0, 1, conv1.Kernel / 2}; i < len(pads); i++ {
		padded := *n
		padded.Topology.Conv1.Pad = pads[i]
		if pads[i] == conv1.Pad || slices.Contains(pads[:i], pads[i]) || padded.Validate() != nil {
			continue
		}
		found = append(found, alternative{fmt.Sprintf("conv1 padded by %d", pads[i]), fmt.Sprintf("-conv1-pad %d", pads[i]), padded})
	}
	other := *n
	other.Topology.Head.Linear = !n.Topology.Head.Linear
	a := alternative{n.Topology.HeadName() + " with a ReLU", "-head relu", other}
	if other.Topology.Head.Linear {
		a = alternative{n.Topology.HeadName() + " without a ReLU", "-head linear", other}
	}
	return append(found, a)
}

func sameShapes(a, b model.Topology) bool {
	x, errX := a.Graph()
	y, errY := b.Graph()
	return errX == nil && errY == nil && slices.Equal(x.Steps, y.Steps)
}

func reverse(v [3]float32) [3]float32 { return [3]float32{v[2], v[1], v[0]} }

func join(v [3]float32) string { return fmt.Sprintf("%g,%g,%g", v[0], v[1], v[2]) }

// classify reports for each picture whether the float network classifies it correctly.
func classify(ctx context.Context, n *float.Network, items []pictures.Item, workers int, done func()) ([]bool, error) {
	inputs, err := pictures.Load(ctx, items, n.Input, workers, func() {})
	if err != nil {
		return nil, err
	}
	newRunner, err := metrics.Float(n)
	if err != nil {
		return nil, err
	}
	logits, err := metrics.RunAll(ctx, newRunner, inputs.Data, workers, done)
	if err != nil {
		return nil, err
	}
	hits := make([]bool, len(logits))
	for i, l := range logits {
		hits[i] = metrics.ArgMax(l) == inputs.Items[i].Label
	}
	return hits, nil
}

// better reports whether other is correct more often, by over two standard errors
// of the paired difference.
func better(other, hits []bool) bool {
	var gain, differ float64
	for i := range hits {
		switch {
		case other[i] && !hits[i]:
			gain, differ = gain+1, differ+1
		case hits[i] && !other[i]:
			gain, differ = gain-1, differ+1
		}
	}
	return gain > 2*math.Sqrt(differ)
}

func total(hits []bool) int {
	n := 0
	for _, h := range hits {
		if h {
			n++
		}
	}
	return n
}
