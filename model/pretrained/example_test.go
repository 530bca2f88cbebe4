package pretrained_test

import (
	"fmt"

	"halfmeg/model/pretrained"
)

func ExampleLoad() {
	network, err := pretrained.Load(pretrained.Default)
	if err != nil {
		fmt.Println(err)
		return
	}
	graph, err := network.Topology.Graph()
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range graph.Convolutions[:4] {
		weights := network.Layers[s.Layer].Weights
		fmt.Printf("%-16s %dx%d filters: %d weights\n", s.Name, s.Kernel, s.Kernel, len(weights))
	}
	fmt.Println(len(graph.Convolutions), "convolutions,", len(network.Labels), "labels")
	// Output:
	// conv1            3x3 filters: 1728 weights
	// fire2/squeeze1x1 1x1 filters: 1024 weights
	// fire2/expand1x1  1x1 filters: 1024 weights
	// fire2/expand3x3  3x3 filters: 9216 weights
	// 26 convolutions, 1000 labels
}

func ExampleNames() {
	fmt.Println(pretrained.Names())
	// Output: [squeezenet1.1 squeezenet1.0]
}
