package quant_test

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"

	"halfmeg/model"
	"halfmeg/quant"
	"halfmeg/quant/float"
)

// A network of one fire module with random weights is quantized on random
// pictures, first as finely as int8 can, then coarsely for a small file. An
// importer of package quant/importer would return the float network.
func Example() {
	random := rand.New(rand.NewPCG(1, 1))
	network := randomNetwork(random)
	if err := network.Validate(); err != nil {
		log.Fatal(err)
	}
	pictures := make([][]int8, 20) // as a prep.Preprocessor writes them
	for i := range pictures {
		pictures[i] = make([]int8, 3*network.Input.Size*network.Input.Size)
		for j := range pictures[i] {
			pictures[i][j] = int8(random.IntN(256) - 128)
		}
	}

	ctx := context.Background()
	fine, err := quant.Quantize(ctx, network, pictures, quant.Options{})
	if err != nil {
		log.Fatal(err)
	}
	fisher, err := quant.MeasureFisher(ctx, network, pictures, 0, func() {})
	if err != nil {
		log.Fatal(err)
	}
	coarse, err := quant.Quantize(ctx, network, pictures, quant.Options{Divergence: 0.01, Fisher: fisher})
	if err != nil {
		log.Fatal(err)
	}

	fmt.Println("valid:", fine.Network.Validate() == nil, coarse.Network.Validate() == nil)
	for i, l := range fine.Layers {
		fmt.Printf("%-16s noisier if coarse: %v\n", l.Name, coarse.Layers[i].WeightSNR < l.WeightSNR)
	}
	// Output:
	// valid: true true
	// conv1            noisier if coarse: true
	// fire2/squeeze1x1 noisier if coarse: true
	// fire2/expand1x1  noisier if coarse: true
	// fire2/expand3x3  noisier if coarse: true
	// conv3            noisier if coarse: true
}

func randomNetwork(random *rand.Rand) *float.Network {
	topology := model.Topology{
		Name:  "tiny",
		Size:  15,
		Conv1: model.Stem{Filters: 8, Kernel: 3, Stride: 2},
		Fires: []model.Fire{{S1x1: 4, E1x1: 8, E3x3: 8}},
		Head:  model.Head{Classes: 5},
	}
	graph, err := topology.Graph()
	if err != nil {
		log.Fatal(err)
	}
	n := &float.Network{Topology: topology, Input: model.TorchvisionInput()}
	n.Input.Size, n.Input.Resize = topology.Size, topology.Size
	for _, s := range graph.Convolutions {
		l := float.Layer{Weights: make([]float32, s.Weights()), Bias: make([]float32, s.Out)}
		for i := range l.Weights {
			l.Weights[i] = float32(random.NormFloat64()) / 4
		}
		n.Layers = append(n.Layers, l)
	}
	return n
}
