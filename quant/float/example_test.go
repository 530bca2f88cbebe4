package float_test

import (
	"fmt"
	"log"
	"math"
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
	fmt.Printf("logits %.2f\n", logits)

	pass.Backward([]float32{1, -1, 0}, func(layer int, gradient float.Map) {
		if layer == forward.Graph().Head().Layer {
			fmt.Printf("gradient of the head's biases %.2f\n", gradient.Sums())
		}
	})
	// Output:
	// logits [-11.52 -6.84 17.97]
	// gradient of the head's biases [1.00 -1.00 0.00]
}

// randomNetwork is SqueezeNet v1.1 for small pictures and three classes, without a
// ReLU after the head.
func randomNetwork(random *rand.Rand) *float.Network {
	n := &float.Network{Topology: model.V11(), Input: model.TorchvisionInput()}
	n.Topology.Size, n.Input.Size, n.Input.Resize = 63, 63, 63
	n.Topology.Head = model.Head{Classes: 3, Linear: true}
	graph, err := n.Topology.Graph()
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range graph.Convolutions {
		l := float.Layer{Bias: make([]float32, s.Out)}
		deviation := math.Sqrt(2 * float64(s.Out) / float64(s.Weights())) // He et al., arXiv:1502.01852, equation 10
		for range s.Weights() {
			l.Weights = append(l.Weights, float32(deviation*random.NormFloat64()))
		}
		n.Layers = append(n.Layers, l)
	}
	return n
}

// The product of a 2x3 and a 3x2 matrix.
func ExamplePacked_Mul() {
	b := float.Pack([]float32{
		1, 2,
		3, 4,
		5, 6,
	}, 3, 2)
	a := float.Left{Data: []float32{
		1, 0, 0,
		1, 1, 1,
	}, Row: 3, Step: 1}
	c := make([]float32, 4)
	b.Mul(c, 2, a, 2)
	fmt.Println(c)
	// Output: [1 2 9 12]
}
