package model_test

import (
	"fmt"

	"halfmeg/internal/testpattern"
	"halfmeg/model"
	"halfmeg/model/pretrained"
)

// A Graph lists the steps of a frame.
func ExampleTopology_Graph() {
	topology := model.Topology{
		Size:      32,
		Conv1:     model.Stem{Filters: 8, Kernel: 3, Stride: 2},
		Fires:     []model.Fire{{S1x1: 4, E1x1: 8, E3x3: 8}},
		PoolAfter: []int{1},
		Head:      model.Head{Classes: 10},
	}
	graph, err := topology.Graph()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range graph.Steps {
		fmt.Printf("%-16s %dx%dx%d\n", s.Name, s.OutSize, s.OutSize, s.Out)
	}
	// Output:
	// conv1            15x15x8
	// pool1            7x7x8
	// fire2/squeeze1x1 7x7x4
	// fire2/expand1x1  7x7x8
	// fire2/expand3x3  7x7x8
	// conv3            7x7x10
}

// An error of a Topology names the layer that is wrong.
func ExampleTopology_Graph_invalid() {
	topology := model.V11()
	topology.Fires[0].Bypass = true
	_, err := topology.Graph()
	fmt.Println(err)
	// Output: topology: fire2: a bypass needs as many channels in (64) as out (64+64)
}

// An Engine returns one logit per class; the largest wins.
func ExampleEngine() {
	network, err := pretrained.Load(pretrained.Default)
	if err != nil {
		fmt.Println(err)
		return
	}
	engine, err := model.NewEngine(network, 2)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer engine.Close()
	copy(engine.Input(), testpattern.Frame(network.Input.Size))
	best := 0
	logits := engine.Run()
	for class, logit := range logits {
		if logit > logits[best] {
			best = class
		}
	}
	fmt.Println(len(logits), best, network.Labels[best])
	// Output: 1000 750 quilt, comforter, comfort, puff
}
