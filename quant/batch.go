package quant

import (
	"context"
	"math"
	"math/rand/v2"

	"halfmeg/internal/parallel"
	"halfmeg/model"
	"halfmeg/quant/float"
	"halfmeg/quant/train"
)

// batch computes the divergence of the student from the teacher over a batch of
// pictures, and its gradient. The pictures are split into shards, each of which
// sums its gradients in order.
type batch struct {
	teacher    *float.Forward
	workers    int
	passes     []*float.Pass // by worker
	augmenters []*train.Augmenter
	pictures   [batchSize][]int8
	shards     [shards]shard
}

// shard holds the sums over its pictures.
type shard struct {
	divergence float64
	gradients  []*gradient // by layer
}

// gradient is the derivative with respect to a convolution's real weights and
// biases.
type gradient struct{ weights, biases []float32 }

func newBatch(teacher *float.Forward, workers int) *batch {
	g := teacher.Graph()
	b := &batch{teacher: teacher, workers: min(workers, shards)}
	for range b.workers {
		b.passes = append(b.passes, teacher.NewPass())
		b.augmenters = append(b.augmenters, train.NewAugmenter(g.Tensors[model.Picture].Size))
	}
	for i := range b.shards {
		for _, s := range g.Convolutions {
			b.shards[i].gradients = append(b.shards[i].gradients, &gradient{make([]float32, s.Weights()), make([]float32, s.Out)})
		}
	}
	return b
}

// draw chooses the batch's pictures.
func (b *batch) draw(pictures [][]int8, sampler *train.Sampler) {
	for i := range b.pictures {
		b.pictures[i] = pictures[sampler.Next()]
	}
}

// run runs teacher and student on variants of the pictures and returns their
// mean divergence. The round seeds the variants.
func (b *batch) run(ctx context.Context, student *float.Forward, round int) (float64, error) {
	err := parallel.For(ctx, b.workers, shards, func(worker, i int) {
		b.shards[i].reset()
		for j := i; j < batchSize && ctx.Err() == nil; j += shards {
			random := rand.New(rand.NewPCG(uint64(round), uint64(j)))
			variant := b.augmenters[worker].Augment(b.pictures[j], random)
			if random.Float64() < mixedShare {
				variant = b.augmenters[worker].Mixup(b.pictures[j], b.pictures[(j+1)%batchSize], random)
			}
			b.add(&b.shards[i], student, b.passes[worker], variant)
		}
	})
	sum := 0.0
	for i := range b.shards {
		sum += b.shards[i].divergence
	}
	return sum / batchSize, err
}

func (l *shard) reset() {
	l.divergence = 0
	for _, g := range l.gradients {
		clear(g.weights)
		clear(g.biases)
	}
}

// add adds one picture's divergence and gradients to a shard.
func (b *batch) add(l *shard, student *float.Forward, pass *float.Pass, picture []int8) {
	pass.Use(b.teacher)
	want := softAnswer(pass, picture)
	pass.Use(student)
	got := softAnswer(pass, picture)
	for c, p := range want {
		if p > 0 {
			l.divergence += float64(p) * math.Log(float64(p)/max(float64(got[c]), math.SmallestNonzeroFloat32))
		}
		got[c] -= p // the derivative with respect to the logit, times the temperature
	}
	pass.Backward(got, func(layer int, g float.Map) {
		sums := l.gradients[layer]
		pass.WeightGradient(layer, g, sums.weights)
		accumulate(sums.biases, g.Sums())
	})
}

// softAnswer returns a network's answer at the temperature.
func softAnswer(pass *float.Pass, picture []int8) []float32 {
	logits, err := pass.Run(picture)
	if err != nil {
		panic(err) // the picture's size was checked
	}
	soft := make([]float32, len(logits))
	for c, v := range logits {
		soft[c] = v / temperature
	}
	return softmax(soft)
}

// gradients returns the sum over the shards, by layer.
func (b *batch) gradients() []*gradient {
	total := b.shards[0].gradients
	for i := range b.shards[1:] {
		for l, g := range b.shards[1+i].gradients {
			accumulate(total[l].weights, g.weights)
			accumulate(total[l].biases, g.biases)
		}
	}
	return total
}
