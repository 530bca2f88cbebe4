package float_test

import (
	"fmt"
	"log"
	"math/rand/v2"

	"halfmeg/model"
	"halfmeg/quant/float"
)

// Classify a picture, then compute how the difference between the first two logits
// depends on the head's biases. An importer of package quant/importer returns real
// networks; this one has random weights.
func ExamplePass() {
	random := rand.New(rand.NewPCG(1, 1))
	network := randomNetwork(random)
	forward, err := float.NewForward(network)
	if err != nil {
		log.Fatal(err)
	}
	size := network.Input.Size
	picture := make([]int8, 3*size*size) // as a prep.Preprocessor writes it
	for i := range picture {
		picture[i] = int8(random.IntN(256) - 128)
	}

	pass := forward.NewPass() // one for each goroutine
	logits, err := pass.Run(picture)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("logits %.3f\n", logits)

	pass.Backward([]float32{1, -1, 0}, func(layer int, gradient float.Map) {
		if layer == forward.Graph().Head().Layer {
			fmt.Printf("gradient of the head's biases %.2f\n", gradient.Sums())
		}
	})
	// Output:
	// logits [0.164 0.003 0.097]
	// gradient of the head's biases [0.84 -0.08 0.00]
}

func randomNetwork(random *rand.Rand) *float.Network {
	topology := model.Topology{
		Size:  15,
		Conv1: model.Stem{Filters: 8, Kernel: 3, Stride: 2},
		Fires: []model.Fire{{S1x1: 4, E1x1: 8, E3x3: 8}},
		Head:  model.Head{Classes: 3},
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

// The product of a 2x3 and a 3x2 matrix.
func ExamplePacked_MulAdd() {
	b := float.Pack([]float32{
		1, 2,
		3, 4,
		5, 6,
	}, 3, 2)
	a := []float32{
		1, 0, 0,
		1, 1, 1,
	}
	c := make([]float32, 4) // MulAdd adds to what is there
	b.MulAdd(c, 2, a, 3, 2)
	fmt.Println(c)
	// Output: [1 2 9 12]
}
