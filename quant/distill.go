package quant

import (
	"context"
	"fmt"
	"runtime"

	"halfmeg/model"
	"halfmeg/quant/float"
	"halfmeg/quant/train"
)

// Distillation configures Distill.
type Distillation struct {
	Workers int // goroutines; 0 means one per processor
	Rounds  int // batches of pictures

	// Progress is called after each round with the running mean of the
	// divergence.
	Progress func(done, total int, divergence float64)
}

// Training hyperparameters. None of these was tuned; the temperature is in the
// range of Hinton et al., arXiv:1503.02531, section 3.
const (
	batchSize   = 16
	temperature = 2    // divides the logits: softer answers carry more information per picture
	weightRate  = 0.02 // learning rate of weights, in steps of the quantizer
	biasRate    = 0.03 // of biases, in output codes
	mixedShare  = 0.5  // of pictures that are blends of two
	warmup      = 20   // rounds
	recentShare = 0.05 // weight of the latest round in the reported divergence
	samplerSeed = 1
)

// Distill tunes the weights and biases of a quantized network such that its
// answers come nearer to the float network's, on calibration pictures and
// on crops and blends of them (Hinton et al., arXiv:1503.02531). It descends
// the gradient of the divergence, taken as if nothing were rounded (the
// straight-through estimator: Bengio et al., arXiv:1308.3432). It needs no
// labels. The size of the encoded network hardly changes. The result does not
// depend on the number of workers.
func Distill(ctx context.Context, teacher *float.Network, n *model.Network, pictures [][]int8, o Distillation) (*model.Network, error) {
	if err := checkPictures(teacher, pictures); err != nil {
		return nil, err
	}
	if err := n.Validate(); err != nil {
		return nil, err
	}
	if len(n.Layers) != len(teacher.Layers) {
		return nil, fmt.Errorf("the quantized network has %d layers, the float network %d: expected the same network", len(n.Layers), len(teacher.Layers))
	}
	if o.Workers < 1 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	forward, err := float.NewForward(teacher)
	if err != nil {
		return nil, err
	}
	s := newStudent(n, forward.Graph())
	for i, p := range s.layers {
		p.pruned = findPruned(teacher.Layers[i].Weights)
	}
	b := newBatch(forward, o.Workers)
	sampler := train.NewSampler(len(pictures), samplerSeed)
	schedule := train.WarmupCosine(warmup)
	recent := 0.0
	for round := range o.Rounds {
		studentForward, err := s.forward()
		if err != nil {
			return nil, err
		}
		b.draw(pictures, sampler)
		sum, err := b.run(ctx, studentForward, round)
		if err != nil {
			return nil, err
		}
		s.learn(sum.Layers, schedule(round, o.Rounds))
		recent += (sum.Loss/batchSize - recent) * max(recentShare, 1/float64(round+1))
		if o.Progress != nil {
			o.Progress(round+1, o.Rounds, recent)
		}
	}
	result := s.network()
	return result, result.Validate()
}
