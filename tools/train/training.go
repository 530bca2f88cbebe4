package main

import (
	"context"
	"fmt"
	"time"

	"halfmeg/quant/float"
	"halfmeg/quant/train"
	"halfmeg/tools/internal/progress"
	"halfmeg/tools/train/dataset"
	"halfmeg/tools/train/store"
)

// fewForFineTuning is the number of training pictures below which only the head is
// trained.
const fewForFineTuning = 150

// chooseWay chooses how to train, unless -from does.
func (j *job) chooseWay() string {
	if j.from != "" {
		return j.from
	}
	n := len(j.training)
	if n < fewForFineTuning {
		fmt.Printf("-from head: %d training pictures are too few to change all layers (%d or more for fine-tune)\n", n, fewForFineTuning)
		return fromHead
	}
	fmt.Printf("-from fine-tune: %d training pictures are enough to adapt all layers (-from head is faster)\n", n)
	return fromFineTune
}

// Recipes. headVariants is the number of variants of each picture whose features
// are computed.
const headVariants = 8

// train trains the network. j.net is nil until there is something to write.
func (j *job) train(ctx context.Context) error {
	way := j.chooseWay()
	if way != fromHead {
		return fmt.Errorf("-from %s: not yet", way)
	}
	n, err := train.ReplaceHead(j.start, j.set.Classes, true, j.seed)
	if err != nil {
		return err
	}
	return j.trainHead(ctx, n)
}

// trainHead trains the last layer on features of the others.
func (j *job) trainHead(ctx context.Context, n *float.Network) error {
	jitter := train.FieldJitter()
	jitter.Mirror = j.mirror
	source, err := store.NewSource(j.store, j.training, n.Input, jitter, 0, j.workers)
	if err != nil {
		return err
	}
	cfg := train.Config{
		Workers: j.workers,
		Seed:    j.seed,
		Epochs:  60,
		Batch:   j.batch,
		Rate:    0.1,
		Decay:   1e-3,
	}
	if j.epochs > 0 {
		cfg.Epochs = j.epochs
	}
	if j.rate > 0 {
		cfg.Rate = j.rate
	}
	cfg.ClassWeights = classWeights(j.set)
	bars := newTracker("computing features")
	cfg.Progress = bars.update
	features, err := train.Features(ctx, n, source, headVariants, cfg)
	bars.close()
	if err != nil {
		return err
	}
	bars = newTracker("training the head")
	cfg.Progress = bars.update
	j.net, err = train.TrainHead(ctx, n, features, cfg)
	bars.close()
	return err
}

// classWeights makes up for classes of different sizes: the loss of a picture is
// divided by the root of its class's share, such that their mean is 1. nil if all classes
// have the same size.
func classWeights(set *dataset.Set) []float32 {
	return nil
}

// tracker shows the progress of training.
type tracker struct {
	bars  *progress.Bars
	name  string
	set   func(int)
	last  train.Progress
	begin time.Time
}

func newTracker(name string) *tracker {
	return &tracker{bars: progress.New(), name: name, begin: time.Now()}
}

// update shows the state after a batch.
func (t *tracker) update(p train.Progress) {
	t.last = p
	if t.set == nil {
		t.set = t.bars.AddStatus(t.name, p.Epochs*p.Batches, t.status)
	}
	t.set((p.Epoch-1)*p.Batches + p.Batch)
}

func (t *tracker) status() string {
	rate := float64(t.last.Pictures) / time.Since(t.begin).Seconds()
	if t.last.Loss == 0 {
		return fmt.Sprintf("%.1f pictures/s", rate)
	}
	return fmt.Sprintf("loss %.3f, accuracy %.1f %%, %.0f pictures/s", t.last.Loss, 100*t.last.Accuracy, rate)
}

func (t *tracker) close() {
	t.bars.Close()
	fmt.Printf("%s: %s\n", t.name, t.status())
}
