package quant

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"

	"halfmeg/model"
	"halfmeg/quant/float"
	"halfmeg/quant/train"
)

// Fisher is an estimate of the Fisher information F of a network's weights.
// Errors e of the weights cause a Kullback-Leibler divergence of about
// e'Fe/2 from the network's answer.
type Fisher struct{ layers []*kfac }

// fisherVariants is the number of variants of each picture that the Fisher
// information is taken over: the picture itself and random crops of it, half
// of them mirrored. Variants need no further pictures and reduce overfitting
// of the K-FAC matrices. On v1.1 (see the package comment), at an earlier
// state of the quantizer, 3 variants led to a divergence of 0.0403 and 8 to
// 0.0271; 6 takes three quarters of the time of 8.
const fisherVariants = 6

// fisherShards is the number of partial sums, and bounds the number of workers;
// see shards. Each holds the matrices of all layers: about 20 MB for v1.1.
const fisherShards = 4

// MeasureFisher estimates the Fisher information over pictures. Progress is
// called once per picture, from several goroutines.
func MeasureFisher(ctx context.Context, n *float.Network, pictures [][]int8, workers int, progress func()) (*Fisher, error) {
	return measureFisher(ctx, n, pictures, workers, progress, func(logits []float32, random *rand.Rand) []float32 {
		return score(train.Softmax(logits), random)
	})
}

// MeasureLogitFisher is MeasureFisher for networks whose softmax shows no error:
// with one output it is always 1. The answer is the logits themselves, normally
// distributed with a standard deviation of spread, usually theirs over pictures.
// The divergence is then half the mean squared error of a logit, relative to
// the square of spread.
func MeasureLogitFisher(ctx context.Context, n *float.Network, pictures [][]int8, spread float64, workers int, progress func()) (*Fisher, error) {
	if !(spread > 0 && spread <= math.MaxFloat32) {
		return nil, fmt.Errorf("a spread of the logits of %v: expected a finite number above 0", spread)
	}
	return measureFisher(ctx, n, pictures, workers, progress, func(logits []float32, random *rand.Rand) []float32 {
		return logitScore(len(logits), spread, random)
	})
}

// scorer returns a random derivative with respect to the logits whose mean
// square is the Fisher information of the answer.
type scorer func(logits []float32, random *rand.Rand) []float32

func measureFisher(ctx context.Context, n *float.Network, pictures [][]int8, workers int, progress func(), score scorer) (*Fisher, error) {
	forward, err := float.NewForward(n)
	if err != nil {
		return nil, err
	}
	if err := checkPictures(n, pictures); err != nil {
		return nil, err
	}
	if workers < 1 {
		workers = runtime.GOMAXPROCS(0)
	}
	convolutions := forward.Graph().Convolutions
	sums, passes := make([]*Fisher, fisherShards), make([]*fisherPass, fisherShards)
	for shard := range fisherShards {
		sums[shard] = newFisher(convolutions)
		passes[shard] = &fisherPass{pass: forward.NewPass(), augment: train.NewAugmenter(n.Input.Size), score: score, sums: sums[shard]}
	}
	err = train.InShards(ctx, workers, fisherShards, len(pictures)*fisherVariants, func(_, shard, i int) {
		passes[shard].add(pictures[i/fisherVariants], i%fisherVariants > 0, uint64(i))
		if i%fisherVariants == 0 {
			progress()
		}
	})
	if err != nil {
		return nil, err
	}
	f := meanFisher(sums, len(pictures)*fisherVariants)
	for _, s := range convolutions {
		if !f.layers[s.Layer].finite() {
			return nil, fmt.Errorf("%s: gradients exceed the range of float32: check the weights and the input's mean and deviation", s.Name)
		}
	}
	return f, nil
}

// fits reports whether the shapes are those of a network.
func (f *Fisher) fits(n *float.Network) bool {
	if f == nil || len(f.layers) != len(n.Layers) {
		return false
	}
	for i, k := range f.layers {
		if k.out != len(n.Layers[i].Bias) || k.depth*k.out != len(n.Layers[i].Weights) {
			return false
		}
	}
	return true
}

func newFisher(convolutions []model.Step) *Fisher {
	f := &Fisher{}
	for _, s := range convolutions {
		f.layers = append(f.layers, newKFAC(s))
	}
	return f
}

// meanFisher adds the shards up, in order, and divides by the number of
// samples.
func meanFisher(shards []*Fisher, count int) *Fisher {
	total := shards[0]
	for l, sum := range total.layers {
		for _, f := range shards[1:] {
			accumulate(sum.inputs, f.layers[l].inputs)
			accumulate(sum.outputs, f.layers[l].outputs)
		}
		sum.normalize(count)
	}
	return total
}

// fisherPass adds the gradients of single pictures to sums.
type fisherPass struct {
	pass    *float.Pass
	augment *train.Augmenter
	score   scorer
	sums    *Fisher
	memory  kfacMemory
}

// add adds one picture, or a random variant of it.
func (p *fisherPass) add(picture []int8, variant bool, seed uint64) {
	random := rand.New(rand.NewPCG(seed, 0))
	if variant {
		picture = p.augment.Augment(picture, random)
	}
	logits, err := p.pass.Run(picture)
	if err != nil {
		panic(err) // the picture's size was checked
	}
	p.pass.Backward(p.score(logits, random), func(layer int, g float.Map) {
		sums := p.sums.layers[layer]
		gradient := resize(&p.memory.gradient, sums.out*sums.depth)
		clear(gradient)
		p.pass.WeightGradient(layer, g, gradient)
		sums.add(gradient, g.Sums(), &p.memory)
	})
}

// score returns a random derivative with respect to the logits whose mean square
// is the Fisher information of an answer p, diag(p) - p*p'. It is the sum of the
// scores of all labels, each times the square root of its probability and a
// random sign: products of different labels vanish on average. One label drawn
// from p (Martens and Grosse, arXiv:1503.05671, section 5) has the same mean but
// a larger variance, as improbable labels are almost never drawn: on v1.1 (see
// the package comment) a mean divergence of 0.0278 instead of 0.0264.
func score(p []float32, random *rand.Rand) []float32 {
	slope, sum := make([]float32, len(p)), 0.0
	for c, v := range p {
		root := math.Sqrt(float64(v))
		if random.Uint64()&1 == 0 {
			root = -root
		}
		slope[c] = float32(root)
		sum += root
	}
	for c, v := range p {
		slope[c] -= float32(sum * float64(v))
	}
	return slope
}

// logitScore returns the score of independent normally distributed logits, averaged
// over the outputs.
func logitScore(outputs int, spread float64, random *rand.Rand) []float32 {
	slope := make([]float32, outputs)
	for c := range slope {
		slope[c] = float32(1 / (spread * math.Sqrt(float64(outputs))))
		if random.Uint64()&1 == 0 {
			slope[c] = -slope[c]
		}
	}
	return slope
}
