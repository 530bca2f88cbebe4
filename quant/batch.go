package quant

import (
	"context"
	"math"
	"math/rand/v2"

	"halfmeg/model"
	"halfmeg/quant/float"
	"halfmeg/quant/train"
)

// batch computes the divergence of the student from the teacher over a batch of
// pictures, and its gradient.
type batch struct {
	teacher    *float.Forward
	passes     []*float.Pass // by worker
	augmenters []*train.Augmenter
	pictures   [batchSize][]int8
	sums       *train.Gradients
}

func newBatch(teacher *float.Forward, workers int) *batch {
	g := teacher.Graph()
	b := &batch{teacher: teacher, sums: train.NewGradients(g, workers, shards, nil)}
	for range b.sums.Workers() {
		b.passes = append(b.passes, teacher.NewPass())
		b.augmenters = append(b.augmenters, train.NewAugmenter(g.Tensors[model.Picture].Size))
	}
	return b
}

// draw chooses the batch's pictures.
func (b *batch) draw(pictures [][]int8, sampler *train.Sampler) {
	for i := range b.pictures {
		b.pictures[i] = pictures[sampler.Next()]
	}
}

// run runs teacher and student on variants of the pictures and returns the sum
// of their divergences and its gradient. The round seeds the variants.
func (b *batch) run(ctx context.Context, student *float.Forward, round int) (*train.Shard, error) {
	err := b.sums.Run(ctx, batchSize, func(worker, i int, s *train.Shard) error {
		random := rand.New(rand.NewPCG(uint64(round), uint64(i)))
		variant := b.augmenters[worker].Augment(b.pictures[i], random)
		if random.Float64() < mixedShare {
			variant = b.augmenters[worker].Mixup(b.pictures[i], b.pictures[(i+1)%batchSize], random)
		}
		return b.add(s, student, b.passes[worker], variant)
	})
	if err != nil {
		return nil, err
	}
	return b.sums.Total(), nil
}

// add adds one picture's divergence and gradients to a shard.
func (b *batch) add(s *train.Shard, student *float.Forward, pass *float.Pass, picture []int8) error {
	pass.Use(b.teacher)
	want, err := softAnswer(pass, picture)
	if err != nil {
		return err
	}
	pass.Use(student)
	got, err := softAnswer(pass, picture)
	if err != nil {
		return err
	}
	for c, p := range want {
		if p > 0 {
			s.Loss += float64(p) * math.Log(float64(p)/max(float64(got[c]), math.SmallestNonzeroFloat32))
		}
		got[c] -= p // the derivative with respect to the logit, times the temperature
	}
	s.Add(pass, got)
	return nil
}

// softAnswer returns a network's answer at the temperature.
func softAnswer(pass *float.Pass, picture []int8) ([]float32, error) {
	logits, err := pass.Run(picture)
	if err != nil {
		return nil, err
	}
	soft := make([]float32, len(logits))
	for c, v := range logits {
		soft[c] = v / temperature
	}
	return train.Softmax(soft), nil
}
