package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"

	"halfmeg/model"
	"halfmeg/quant/float"
	"halfmeg/quant/train"
	"halfmeg/tools/internal/compress"
	"halfmeg/tools/internal/metrics"
	"halfmeg/tools/internal/pictures"
	"halfmeg/tools/train/dataset"
	"halfmeg/tools/train/store"
)

// fewForFineTuning is the number of training pictures below which only the head is
// trained by default. With 229 pictures of six kinds of waste and 234 of ten of clothes,
// fine-tuning was right on 73 instead of 67 % and 63 instead of 58 % of others; fewer were not
// tried. Of ants and bees, which are classes of ImageNet, the head alone is right on more.
const fewForFineTuning = 200

// chooseWay chooses how to train, unless -from does.
func (j *job) chooseWay() string {
	if j.from != "" {
		return j.from
	}
	n := len(j.training)
	if n < fewForFineTuning {
		fmt.Printf("-from head: %d training pictures are too few to fine-tune (from %d on)\n", n, fewForFineTuning)
		return fromHead
	}
	fmt.Printf("-from fine-tune: %d training pictures are enough to fine-tune (-from head is faster)\n", n)
	return fromFineTune
}

// train trains the network. j.net is nil until there is something to write.
func (j *job) train(ctx context.Context) error {
	j.setDefaults(len(j.training))
	if j.resume {
		return j.resumeTraining(ctx)
	}
	if j.way != fromHead {
		if err := j.checkCheckpoint(); err != nil {
			return err
		}
	}
	n, err := j.untrained()
	if err != nil {
		return err
	}
	if j.way != fromScratch {
		if n, err = j.trainHead(ctx, n); err != nil || j.way == fromHead {
			return err
		}
	}
	return j.trainLayers(ctx, n, nil)
}

// untrained returns the network with the classes' head, or with random weights.
func (j *job) untrained() (n *float.Network, err error) {
	if j.way == fromScratch {
		n, err = train.Initialize(j.topology, j.input, j.set.Classes, train.He, j.seed)
	} else {
		n, err = train.ReplaceHead(j.start, j.set.Classes, true, j.seed)
	}
	if err != nil {
		return nil, err
	}
	if j.way == fromHead {
		return n, nil
	}
	if err := withSide(n, j.side).Validate(); err != nil {
		return nil, fmt.Errorf("-train-size %d: %w", j.side, err)
	}
	return n, nil
}

// Stages of training, as they are shown.
const (
	stageHead   = "training the last layer"
	stageLayers = "training"
)

// headVariants is the number of variants of each picture on which the head is
// trained. It was not tuned.
const headVariants = 6

// smoothing is the share of a target that is spread over the classes. It keeps
// probabilities from becoming extreme.
const smoothing = 0.1

// trainHead trains the last layer on features of the others.
func (j *job) trainHead(ctx context.Context, n *float.Network) (*float.Network, error) {
	source, err := j.source(n, 0)
	if err != nil {
		return nil, err
	}
	cfg := train.Config{Workers: j.workers, Seed: j.seed, Batch: j.batch, ClassWeights: classWeights(j.set), LabelSmoothing: smoothing}
	if j.way == fromHead {
		cfg.Epochs, cfg.Rate = j.epochs, j.rate
	}
	t := newTracker("computing features", false, j.watch)
	cfg.Progress = t.update
	features, err := train.Features(ctx, n, source, headVariants, cfg)
	t.close()
	if err != nil {
		return nil, err
	}
	t = newTracker(stageHead, false, j.watch)
	cfg.Progress = t.update
	cfg.EpochEnd = func(s *train.State) error {
		j.headCurve = s.Curve
		return nil
	}
	trained, err := train.Head(ctx, n, features, cfg)
	t.close()
	if trained != nil {
		j.net = trained
	}
	return trained, err
}

// source draws variants of the training pictures.
func (j *job) source(n *float.Network, mixed float64) (*store.Source, error) {
	jitter := train.FieldJitter()
	jitter.Mirror = j.mirror
	return store.NewSource(j.store, j.training, n.Input, jitter, mixed, j.workers)
}

// trainLayers fine-tunes a network or trains it from scratch. It starts from the network or
// from the state of an interrupted run, which began with that network.
func (j *job) trainLayers(ctx context.Context, n *float.Network, state *train.State) error {
	n = withSide(n, j.side)
	source, err := j.source(n, j.mixed)
	if err != nil {
		return err
	}
	cfg := j.recipe(n.Topology)
	t := newTracker(stageLayers, true, j.watch)
	cfg.Progress = t.update
	cfg.EpochEnd = func(s *train.State) error { return j.endEpoch(ctx, n, s, t) }
	var trainer *train.Trainer
	if state == nil {
		trainer, err = train.New(n, source, cfg)
	} else {
		trainer, err = train.Resume(state, n, source, cfg)
	}
	if err != nil {
		return err
	}
	trained, err := trainer.Run(ctx)
	t.close()
	j.curve = trainer.State().Curve
	if trained != nil {
		j.net = j.outcome(n, trained)
	}
	if errors.Is(err, context.Canceled) {
		if err := j.writeCheckpoint(trainer.State()); err != nil {
			j.warn(err.Error())
		} else {
			fmt.Printf("%s: the state so far; the same command with -resume continues\n", j.checkpoint)
		}
	}
	return err
}

// withSide returns the network for inputs of another side. It shares the parameters.
func withSide(n *float.Network, side int) *float.Network {
	resized := *n
	resized.Topology.Size, resized.Input.Size = side, side
	return &resized
}

// outcome returns the network to write, for whole inputs, when training has led from start to
// trained.
func (j *job) outcome(start, trained *float.Network) *float.Network {
	if share := j.share(); share < 1 {
		trained = train.Interpolate(start, trained, share)
	}
	return withSide(trained, j.input.Size)
}

// share is the weight of the fine-tuned network in the outcome; the rest is the weight of
// the network with only its head trained.
func (j *job) share() float64 {
	if j.way != fromFineTune {
		return 1
	}
	return min(1, leastShare+(1-leastShare)*float64(len(j.training))/fullRatePictures)
}

// setDefaults sets the options that depend on the method, unless flags do.
func (j *job) setDefaults(pictures int) {
	switch j.way {
	case fromFineTune:
		j.epochs = cmp.Or(j.epochs, passes(pictures, fineTunePictures, 12, 100))
		j.rate = cmp.Or(j.rate, fineTuneRate*min(1, float64(pictures)/fullRatePictures))
		j.side = cmp.Or(j.side, fineTuneSide(j.input.Size))
	case fromScratch:
		j.epochs = cmp.Or(j.epochs, passes(pictures, scratchPictures, 40, 150))
		j.rate = cmp.Or(j.rate, scratchRate)
		j.side = cmp.Or(j.side, scratchSide(j.input.Size))
	}
	if j.mixed < 0 {
		j.mixed = defaultMixed(j.way)
	}
}

// recipe returns the configuration for training a network.
func (j *job) recipe(topology model.Topology) train.Config {
	cfg := train.Config{
		Workers:      j.workers,
		Seed:         j.seed,
		Fingerprint:  j.fingerprint(),
		Batch:        j.batch,
		Epochs:       j.epochs,
		Rate:         j.rate,
		ClassWeights: classWeights(j.set),
		Clip:         5,
	}
	if j.way == fromScratch {
		batches := j.epochs * max(1, len(j.training)/j.batch)
		cfg.Schedule = train.WarmupLinear(min(scratchWarmup, max(1, batches/10)))
		cfg.Average = max(1, j.epochs/10)
		return cfg
	}
	cfg.Dropout = 0.5 // as SqueezeNet was trained
	cfg.LabelSmoothing = smoothing
	cfg.Average = max(1, j.epochs/4)
	cfg.LayerRates = layerRates(topology)
	return cfg
}

// Pictures that a run passes over by default, which take about 10 minutes of two
// cores.
const (
	fineTunePictures = 80_000
	scratchPictures  = 200_000
)

// The recipe of fine-tuning was chosen with a fifth of 1188 training pictures of ten classes
// of clothes, and of 2032 of six kinds of waste, held out. Without mixed pairs, a dozen epochs
// overfitted to the clothes. Of 406 pictures of waste, 86.0 % were right after 50 epochs if
// only conv1 was frozen, and 88.9 % if fire2 and fire3 were, both with the centre of the
// pictures; of whole pictures 91.1 %, and 90.6 % if fire4 and fire5 were frozen too. At twice
// the rate, fewer were. With every second variant mixed, 87.8 % of two such splits were right,
// with every fifth 89.4 %. Twice as many epochs changed nothing (88.2 instead of 87.9 % with
// one split), nor did a decay towards the start (arXiv:1802.01483) or the answers of the start as
// further targets (arXiv:1606.09282; on ants and bees). Sharpness-aware minimization
// (arXiv:2010.01412, radius 0.05, 33 epochs) was worse: 83.5 instead of 84.5 % with one split.
//
// Few pictures need a lower rate, and a weight of the fine-tuned network below 1. With 229
// pictures of waste, 71.1 % of 823 others were right at a rate of 0.01, and 72.3 % at 0.0023.
// Averaged with the network with the trained last layer, which was right on 67.2 %, that
// network was right on 73.5 % with a weight of 0.75 and on 73.2 % with 0.5. With 234 pictures
// of clothes, it was 61.8 % of 952 others with 1, 62.4 % with 0.75, 63.0 % with 0.5 and 58.2 %
// with 0. With 1626 pictures of waste, 1 was best.
const (
	fineTuneRate     = 0.01
	fullRatePictures = 1000 // with fewer, the rate is proportional to their number
	leastShare       = 0.5
	fineTuneMixed    = 0.2
)

// Training from scratch differs from the paper (arXiv:1602.07360, and the solver that its
// authors published), which starts with Xavier's rule, at a rate of 0.04 for batches of 512
// pictures, of which it has a million. With batches of 32 out of 1626 pictures of waste,
// nothing was learnt at that rate, and at 0.02 the loss fell more slowly than at 0.007. At 64
// pixels and over three splits, the simple bypass made 69.7 instead of 65.4 % right (+4.3 with a
// standard error of 1.7), and dropout with it 66.5 % (-3.2, 0.7).
const (
	scratchRate   = 0.007
	scratchWarmup = 250 // batches
)

// defaultMixed is the share of blended pictures.
func defaultMixed(way string) float64 {
	if way == fromFineTune {
		return fineTuneMixed
	}
	return 0
}

// fineTuneSide is the side of the variants in fine-tuning, by that of the input: 162 of 227
// pixels. A random crop shows things larger than the whole picture does; in a
// smaller variant they are about as large as edge will see them (Touvron et al.,
// arXiv:1906.06423), and it takes half the time.
func fineTuneSide(input int) int { return max(input*5/7, min(input, 128)) }

// scratchSide is the same for training from scratch: 96 of 128 pixels.
func scratchSide(input int) int { return max(input*3/4, min(input, 96)) }

// passes returns the number of epochs that pass over a number of pictures.
func passes(pictures, total, least, most int) int {
	return min(max(total/max(1, pictures), least), most)
}

// layerRates are the factors of the learning rate in fine-tuning. conv1 and the first quarter of
// the fire modules, fire2 and fire3 of v1.0 and v1.1, stay as they are: edges, colours and
// textures are those of any picture.
func layerRates(topology model.Topology) []float64 {
	frozen := 1 + 3*(len(topology.Fires)/4)
	rates := make([]float64, 1+3*len(topology.Fires)+1)
	for l := frozen; l < len(rates); l++ {
		rates[l] = 1
	}
	return rates
}

// classWeights makes up for classes of different sizes: the loss of a picture is
// divided by the root of its class's size, a compromise between the classes and
// the pictures. The mean over the pictures is 1.
func classWeights(set *dataset.Set) []float32 {
	counts := set.Counts(false)
	sum, total := 0.0, 0
	for _, n := range counts {
		sum += math.Sqrt(float64(n))
		total += n
	}
	weights := make([]float32, len(counts))
	for c, n := range counts {
		weights[c] = float32(float64(total) / sum / math.Sqrt(float64(max(1, n))))
	}
	return weights
}

// attachment is what a checkpoint holds besides the trainer's state.
type attachment struct {
	Validation []float64     `json:"validation"` // accuracy after every measuredEvery epochs
	Head       []train.Epoch `json:"head"`
}

// The validation curve has about curvePoints points, each measured on at most curvePictures
// validation pictures. Measured after each of a hundred epochs of 200 pictures, they would take
// a third of the time of a run.
const (
	curvePictures = 200
	curvePoints   = 20
)

// measuredEvery is the number of epochs between points of the validation curve.
func (j *job) measuredEvery() int { return max(1, (j.epochs+curvePoints-1)/curvePoints) }

// endEpoch measures the accuracy, if it is time for that, and writes the checkpoint.
func (j *job) endEpoch(ctx context.Context, start *float.Network, s *train.State, t *tracker) error {
	if len(j.validation.Data) > 0 && s.Epoch%j.measuredEvery() == 0 {
		// Not interrupted, so that a resumed run lacks no point of the curve.
		accuracy, err := j.accuracyOf(context.WithoutCancel(ctx), j.outcome(start, s.Network()))
		if err != nil {
			return err
		}
		j.validationCurve = append(j.validationCurve, accuracy)
		t.epoch(s.Curve[len(s.Curve)-1], accuracy)
	}
	if err := j.writeCheckpoint(s); err != nil {
		j.warn(err.Error() + "; the training continues") // an older checkpoint remains
	}
	return nil
}

// accuracyOf returns the accuracy of the float network on some validation pictures,
// in [0, 1].
func (j *job) accuracyOf(ctx context.Context, n *float.Network) (float64, error) {
	newRunner, err := metrics.Float(n)
	if err != nil {
		return 0, err
	}
	some := pictures.Inputs{Items: compress.Spread(j.validation.Items, curvePictures), Data: compress.Spread(j.validation.Data, curvePictures)}
	logits, err := metrics.RunAll(ctx, newRunner, some.Data, j.workers, func() {})
	if err != nil {
		return 0, err
	}
	return metrics.Measure(logits, some.Labels()).Top1 / 100, nil
}
