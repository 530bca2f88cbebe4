package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"halfmeg/internal/parallel"
	"halfmeg/model"
	"halfmeg/quant/float"
)

// Trainer trains a network by stochastic gradient descent. It is not safe for
// concurrent use.
type Trainer struct {
	cfg        Config
	examples   examples
	pictures   int // of an epoch
	graph      *model.Graph
	state      *State
	gradients  *Gradients
	optimisers []layerOptimiser // by layer; without a value where a layer does not change
	loss       crossEntropy
	weightRate float64 // factor of the rate of weights
	biasRate   float64 // of biases
}

// layerOptimiser updates the parameters of one layer.
type layerOptimiser struct{ weights, biases *SGD }

// examples computes the logits and gradients of single examples.
type examples interface {
	// use makes later calls of add compute with the parameters of n.
	use(n *float.Network) error
	// add adds the loss and the gradient of example i to a shard.
	add(worker, i int, random *rand.Rand, loss crossEntropy, s *Shard) error
}

// gradientShards bounds the number of workers. Each shard holds a gradient, 3 MB
// for v1.1.
const gradientShards = 8

// ErrDiverged is the error of a run whose loss or gradient is not finite, or whose loss
// is beyond that of any network that learns.
var ErrDiverged = errors.New("the training diverged")

// divergedLoss is the mean loss of a batch, in nats, from which a run has diverged. A
// network that answers at random has ln(classes), 7 for a thousand.
const divergedLoss = 100

// New prepares the training of a network, which it does not change.
func New(net *float.Network, src Source, cfg Config) (*Trainer, error) {
	if err := net.Validate(); err != nil {
		return nil, err
	}
	return Resume(newState(net, cfg.Fingerprint), net, src, cfg)
}

// Resume continues a run from its State, which it takes over. The parameters of
// net are not used, only its topology, input and labels, which must be those of the
// run, as must the source and the configuration, apart from Workers.
func Resume(state *State, net *float.Network, src Source, cfg Config) (*Trainer, error) {
	if src.Len() < 1 {
		return nil, errors.New("no pictures to train on")
	}
	t, err := resume(state, net, src.Len(), cfg)
	if err != nil {
		return nil, err
	}
	t.examples, err = newPictureExamples(state.net(), src, t.gradients.Workers(), t.cfg.Dropout)
	return t, err
}

// resume returns a Trainer without examples.
func resume(state *State, net *float.Network, pictures int, cfg Config) (*Trainer, error) {
	if err := state.fits(net, cfg.Fingerprint); err != nil {
		return nil, err
	}
	g, err := net.Topology.Graph()
	if err != nil {
		return nil, err
	}
	if cfg, err = cfg.withDefaults(g); err != nil {
		return nil, err
	}
	trained := cfg.trained(len(g.Convolutions))
	t := &Trainer{
		cfg:        cfg,
		pictures:   pictures,
		graph:      g,
		state:      state,
		gradients:  NewGradients(g, cfg.Workers, min(gradientShards, cfg.Batch), trained),
		optimisers: make([]layerOptimiser, len(g.Convolutions)),
		loss:       crossEntropy{cfg.LabelSmoothing, cfg.ClassWeights},
		weightRate: 1,
		biasRate:   1,
	}
	for l, v := range state.velocity {
		if trained[l] {
			t.optimisers[l] = layerOptimiser{NewSGD(cfg.Momentum, v.Weights), NewSGD(cfg.Momentum, v.Bias)}
		}
	}
	if state.Epoch > cfg.Epochs || state.Batch >= t.batches() {
		return nil, fmt.Errorf("the state is at epoch %d, batch %d, after the end of %d epochs of %d batches", state.Epoch, state.Batch, cfg.Epochs, t.batches())
	}
	return t, nil
}

// State returns the state after the last batch. It changes as the training
// continues.
func (t *Trainer) State() *State { return t.state }

// Run trains until the last epoch and returns the network. If ctx is canceled,
// Run discards the current batch and returns the network so far with ctx.Err();
// a later Run continues. If the training diverges, it returns ErrDiverged and the network
// with which the epoch of the lowest loss began, or that of the start if its loss was lower.
func (t *Trainer) Run(ctx context.Context) (*float.Network, error) {
	for t.state.Epoch < t.cfg.Epochs {
		if err := t.epoch(ctx); err != nil {
			return t.state.Network(), err
		}
	}
	return t.state.Network(), nil
}

// batches is the number of batches of an epoch.
func (t *Trainer) batches() int { return max(1, (t.pictures+t.cfg.Batch/2)/t.cfg.Batch) }

// epoch trains the rest of the current epoch.
func (t *Trainer) epoch(ctx context.Context) error {
	s := t.state
	order := t.random(streamOrder, 0).Perm(t.pictures)
	for n := t.batches(); s.Batch < n; {
		from, to := s.Batch*t.pictures/n, (s.Batch+1)*t.pictures/n
		if err := t.batch(ctx, order[from:to], from); err != nil {
			return err
		}
		s.Batch++
		if t.cfg.Progress != nil {
			t.cfg.Progress(t.progress())
		}
	}
	s.endEpoch(t.rate(s.Epoch*t.batches() + t.batches() - 1))
	if t.cfg.EpochEnd != nil {
		return t.cfg.EpochEnd(s)
	}
	return nil
}

// batch computes the gradient of a batch and takes a step. from is the position
// of its first picture in the epoch.
func (t *Trainer) batch(ctx context.Context, pictures []int, from int) error {
	if err := t.examples.use(t.state.net()); err != nil {
		return t.diverged(err) // a parameter is not finite: all else was valid at the start
	}
	err := t.gradients.Run(ctx, len(pictures), func(worker, i int, shard *Shard) error {
		return t.examples.add(worker, pictures[i], t.random(streamPicture, from+i), t.loss, shard)
	})
	if err != nil {
		return err
	}
	total := t.gradients.Total()
	share := 1 / float64(len(pictures))
	norm := t.norm(total) * share
	if !finite(norm) || !(total.Loss*share < divergedLoss) {
		return t.diverged(fmt.Errorf("the loss is %v, the norm of the gradient %v", total.Loss*share, norm))
	}
	if t.cfg.Clip > 0 && norm > t.cfg.Clip {
		share *= t.cfg.Clip / norm
	}
	t.step(total, share)
	s := t.state
	if s.Epoch == 0 && s.Batch == 0 {
		s.bestLoss = total.Loss / float64(len(pictures)) // of the start
	}
	s.sums.add(total, len(pictures))
	if s.Epoch >= t.cfg.Epochs-t.cfg.Average {
		s.addToAverage()
	}
	return nil
}

// norm returns the Euclidean norm of a gradient.
func (t *Trainer) norm(total *Shard) float64 {
	squares := make([]float64, len(total.Layers))
	t.layers(func(l int) {
		for _, values := range [][]float32{total.Layers[l].Weights, total.Layers[l].Biases} {
			for _, v := range values {
				squares[l] += float64(float64(v) * float64(v))
			}
		}
	})
	sum := 0.0
	for _, v := range squares {
		sum += v
	}
	return math.Sqrt(sum)
}

// step moves the parameters against a gradient, times scale, which it overwrites.
func (t *Trainer) step(total *Shard, scale float64) {
	rate := t.rate(t.state.Epoch*t.batches() + t.state.Batch)
	t.layers(func(l int) {
		g, p := total.Layers[l], t.state.layers[l]
		layerRate := rate * t.cfg.layerRate(l)
		move(p.Weights, g.Weights, scale, t.cfg.Decay, t.optimisers[l].weights, layerRate*t.weightRate)
		move(p.Bias, g.Biases, scale, 0, t.optimisers[l].biases, layerRate*t.biasRate)
	})
}

// move updates parameters by a gradient, times scale, which it overwrites.
func move(parameters, gradient []float32, scale, decay float64, o Optimiser, rate float64) {
	s, d := float32(scale), float32(decay)
	for i, g := range gradient {
		// The conversions forbid fused multiply-adds.
		gradient[i] = float32(g*s) + float32(d*parameters[i])
	}
	o.Step(gradient, gradient, rate)
	for i, u := range gradient {
		parameters[i] -= u
	}
}

// layers calls body for each layer that changes, on the workers.
func (t *Trainer) layers(body func(l int)) {
	_ = parallel.For(context.Background(), t.gradients.Workers(), len(t.optimisers), func(_, l int) {
		if t.optimisers[l].weights != nil {
			body(l)
		}
	}) // nothing cancels this context
}

// rate returns the learning rate of a batch, counted over all epochs.
func (t *Trainer) rate(batch int) float64 {
	return t.cfg.Rate * t.cfg.Schedule(batch, t.cfg.Epochs*t.batches())
}

// diverged restores the best weights.
func (t *Trainer) diverged(cause error) error {
	s := t.state
	err := fmt.Errorf("epoch %d, batch %d: %w: %w: the learning rate of %v is too high; try %v",
		s.Epoch+1, s.Batch+1, ErrDiverged, cause, t.cfg.Rate, t.cfg.Rate/10)
	s.restoreBest()
	return err
}

func (t *Trainer) progress() Progress {
	s := t.state
	return Progress{
		Epoch: s.Epoch + 1, Epochs: t.cfg.Epochs,
		Batch: s.Batch, Batches: t.batches(),
		Pictures: s.Epoch*t.pictures + s.sums.Pictures,
		Loss:     s.sums.loss(), Accuracy: s.sums.accuracy(),
		Rate: t.rate(s.Epoch*t.batches() + s.Batch - 1),
	}
}

// Streams of random numbers.
const (
	streamOrder uint64 = iota
	streamPicture
	streamFeature
)

// random returns the generator for a position of the current epoch. Each has a
// separate one, so that neither workers nor an interruption matter.
func (t *Trainer) random(stream uint64, position int) *rand.Rand {
	return rand.New(rand.NewPCG(t.cfg.Seed, stream<<62|uint64(t.state.Epoch)<<40|uint64(position)))
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
