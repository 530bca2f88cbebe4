package metrics

import (
	"cmp"
	"context"
	"slices"

	"halfmeg/internal/parallel"
	"halfmeg/model"
	"halfmeg/quant/float"
)

// Runner classifies one picture after the other.
type Runner interface {
	Run(picture []int8) ([]float32, error)
}

// Float makes Runners of a float network.
func Float(n *float.Network) (func() (Runner, error), error) {
	f, err := float.NewForward(n)
	if err != nil {
		return nil, err
	}
	return func() (Runner, error) { return f.NewPass(), nil }, nil
}

// Int8 makes Runners of a quantized network.
func Int8(n *model.Network) func() (Runner, error) {
	return func() (Runner, error) {
		e, err := model.NewEngine(n, 1)
		return engineRunner{e}, err
	}
}

type engineRunner struct{ engine *model.Engine }

func (r engineRunner) Run(picture []int8) ([]float32, error) {
	copy(r.engine.Input(), picture)
	return r.engine.Run(), nil
}

// Logits classifies all pictures on several goroutines, each with a Runner of
// its own, and calls done after each picture.
func Logits(ctx context.Context, newRunner func() (Runner, error), pictures [][]int8, workers int, done func()) ([][]float32, error) {
	runners := make([]Runner, workers)
	for w := range runners {
		var err error
		if runners[w], err = newRunner(); err != nil {
			return nil, err
		}
	}
	logits, failures := make([][]float32, len(pictures)), make([]error, len(pictures))
	err := parallel.For(ctx, workers, len(pictures), func(worker, i int) {
		l, err := runners[worker].Run(pictures[i])
		logits[i], failures[i] = slices.Clone(l), err
		done()
	})
	if err := cmp.Or(failures...); err != nil {
		return nil, err
	}
	return logits, err
}
