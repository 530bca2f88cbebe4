package train_test

import (
	"fmt"
	"math/rand/v2"

	"halfmeg/quant/train"
)

// Fit a line to points of y = 2x - 1, in batches of four.
func Example() {
	const rounds, batch, rate = 400, 4, 0.1
	xs := []float32{-2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2}
	sampler := train.NewSampler(len(xs), 1)
	schedule := train.WarmupCosine(20)
	adam := train.NewAdam(2)
	line := []float32{0, 0} // slope, intercept
	step := make([]float32, 2)
	for round := range rounds {
		gradient := make([]float32, 2)
		for range batch {
			x := xs[sampler.Next()]
			off := line[0]*x + line[1] - (2*x - 1)
			gradient[0] += off * x / batch
			gradient[1] += off / batch
		}
		adam.Step(step, gradient, rate*schedule(round, rounds))
		for i := range line {
			line[i] -= step[i]
		}
	}
	fmt.Printf("y = %.2fx %+.2f\n", line[0], line[1])
	// Output: y = 2.00x -1.00
}

// A batch of variants of one picture. Equal seeds make equal batches.
func ExampleAugmenter_Augment() {
	const size = 32
	random := rand.New(rand.NewPCG(1, 2))
	picture := make([]int8, 3*size*size)
	for i := range picture {
		picture[i] = int8(i)
	}
	augmenter := train.NewAugmenter(size)
	batch := make([][]int8, 3)
	for i := range batch {
		// The Augmenter reuses its memory.
		batch[i] = append(batch[i], augmenter.Augment(picture, random)...)
		fmt.Println(len(batch[i]))
	}
	// Output:
	// 3072
	// 3072
	// 3072
}
