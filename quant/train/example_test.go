package train_test

import (
	"context"
	"fmt"
	"log"
	"math/rand/v2"

	"halfmeg/model"
	"halfmeg/quant/float"
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

// stripes is a Source of drawn pictures: noisy stripes, horizontal or vertical.
type stripes struct{ size, count int }

func (s stripes) Len() int { return s.count }

func (s stripes) Draw(_, i int, random *rand.Rand, dst []int8, target []float32) error {
	class := i % 2
	target[class] = 1
	phase := random.IntN(6)
	for p := range s.size * s.size {
		at := [2]int{p / s.size, p % s.size}[class] + phase
		level := int8(60 - 120*(at/3%2) + random.IntN(80) - 40)
		dst[3*p], dst[3*p+1], dst[3*p+2] = level, level, level
	}
	return nil
}

// Train a small network from scratch.
func ExampleTrainer_Run() {
	topology := model.Topology{
		Size:      15,
		Conv1:     model.Stem{Filters: 6, Kernel: 3, Stride: 2, Pad: 1},
		Fires:     []model.Fire{{S1x1: 3, E1x1: 4, E3x3: 4}},
		PoolAfter: []int{1},
		Head:      model.Head{Classes: 2, Linear: true},
	}
	input := model.Input{Size: 15, Fit: model.Direct, Mean: [3]float32{128, 128, 128}, Std: [3]float32{64, 64, 64}}
	net, err := train.Initialize(topology, input, []string{"horizontal", "vertical"}, train.He, 1)
	if err != nil {
		log.Fatal(err)
	}
	pictures := stripes{size: 15, count: 60}
	trainer, err := train.New(net, pictures, train.Config{Epochs: 20, Batch: 8, Rate: 0.03, Clip: 1})
	if err != nil {
		log.Fatal(err)
	}
	trained, err := trainer.Run(context.Background())
	if err != nil {
		log.Fatal(err)
	}

	// Pictures with other noise than those of the training.
	forward, err := float.NewForward(trained)
	if err != nil {
		log.Fatal(err)
	}
	pass, picture, correct := forward.NewPass(), make([]int8, 3*15*15), 0
	for i := range 100 {
		target := make([]float32, 2)
		if err := pictures.Draw(0, i, rand.New(rand.NewPCG(99, uint64(i))), picture, target); err != nil {
			log.Fatal(err)
		}
		logits, err := pass.Run(picture)
		if err != nil {
			log.Fatal(err)
		}
		if (logits[0] > logits[1]) == (target[0] > target[1]) {
			correct++
		}
	}
	fmt.Println("more than 95 % correct:", correct > 95)
	// Output: more than 95 % correct: true
}
