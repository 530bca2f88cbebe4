package train

import (
	"context"

	"halfmeg/internal/parallel"
	"halfmeg/model"
	"halfmeg/quant/float"
)

// InShards calls body for each i in [0, n) on at most workers goroutines. Numbers
// with the same remainder by shards form a shard: they follow each other in
// ascending order on one goroutine. Sums that are kept by shard and then added in
// the order of the shards are therefore the same bits for any number of workers.
// More workers than shards have nothing to do. Once ctx is done no further call
// starts, and InShards returns ctx.Err().
func InShards(ctx context.Context, workers, shards, n int, body func(worker, shard, i int)) error {
	return parallel.For(ctx, workers, min(shards, n), func(worker, shard int) {
		for i := shard; i < n && ctx.Err() == nil; i += shards {
			body(worker, shard, i)
		}
	})
}

// Gradient is the derivative of a loss with respect to the parameters of one
// convolution.
type Gradient struct {
	Weights []float32 // [out][kernel y][kernel x][in]
	Biases  []float32 // [out]
}

// Shard is the sum over some pictures of a batch.
type Shard struct {
	Loss    float64
	Correct int         // pictures that were classified correctly
	Layers  []*Gradient // nil for layers that are not trained; undefined before the first Add of a batch

	first   int  // the first trained layer
	started bool // whether Layers are sums of this batch, not of an earlier one
	err     error
}

// Gradients sums losses and gradients over the pictures of a batch. The sums are
// sharded (see InShards).
type Gradients struct {
	workers int
	used    int // shards that the last batch has filled
	shards  []Shard
}

// NewGradients allocates the sums of a network's layers. trained selects them by
// number; nil means all.
func NewGradients(g *model.Graph, workers, shards int, trained []bool) *Gradients {
	sums := &Gradients{workers: max(1, min(workers, shards)), shards: make([]Shard, shards)}
	for i := range sums.shards {
		s := &sums.shards[i]
		s.first = len(g.Convolutions)
		s.Layers = make([]*Gradient, len(g.Convolutions))
		for l, c := range g.Convolutions {
			if trained == nil || trained[l] {
				s.Layers[l] = &Gradient{make([]float32, c.Weights()), make([]float32, c.Out)}
				s.first = min(s.first, l)
			}
		}
	}
	return sums
}

// Workers returns the number of workers that Run uses.
func (g *Gradients) Workers() int { return g.workers }

// Run calls body for each of the n pictures of a batch, which adds it to a shard.
// The error is that of the first shard that failed.
func (g *Gradients) Run(ctx context.Context, n int, body func(worker, i int, s *Shard) error) error {
	g.used = min(n, len(g.shards))
	err := InShards(ctx, g.workers, len(g.shards), n, func(worker, shard, i int) {
		s := &g.shards[shard]
		if i == shard {
			s.Loss, s.Correct, s.err, s.started = 0, 0, nil, false
		}
		if s.err == nil {
			s.err = body(worker, i, s)
		}
	})
	if err != nil {
		return err
	}
	for i := range g.used {
		if err := g.shards[i].err; err != nil {
			return err
		}
		g.shards[i].start()
	}
	return nil
}

// Total returns the sum over the shards of the last batch. It is valid until
// the next Run.
func (g *Gradients) Total() *Shard {
	total := &g.shards[0]
	for i := 1; i < g.used; i++ {
		total.Loss += g.shards[i].Loss
		total.Correct += g.shards[i].Correct
	}
	// Layers are independent of each other. Nothing cancels this context.
	_ = parallel.For(context.Background(), g.workers, len(total.Layers), func(_, l int) {
		if total.Layers[l] == nil {
			return
		}
		for i := 1; i < g.used; i++ {
			float.AddTo(total.Layers[l].Weights, g.shards[i].Layers[l].Weights)
			float.AddTo(total.Layers[l].Biases, g.shards[i].Layers[l].Biases)
		}
	})
	return total
}

// start clears the sums unless pictures of this batch were added to them.
func (s *Shard) start() {
	if s.started {
		return
	}
	for _, g := range s.Layers {
		if g != nil {
			g.clear()
		}
	}
	s.started = true
}

func (g *Gradient) clear() {
	clear(g.Weights)
	clear(g.Biases)
}

// Add adds the gradient of the picture that pass has run last, given the
// derivative of its loss with respect to the logits.
func (s *Shard) Add(pass *float.Pass, slope []float32) {
	pass.BackwardTo(s.first, slope, func(layer int, d float.Map) {
		sums := s.Layers[layer]
		if sums == nil {
			return
		}
		if !s.started {
			sums.clear() // only now, so that they are in the cache
		}
		pass.WeightGradient(layer, d, sums.Weights)
		float.AddTo(sums.Biases, d.Sums())
	})
	s.started = true
}
