package metrics

import (
	"cmp"
	"context"
	"slices"

	"halfmeg/internal/parallel"
	"halfmeg/model"
	"halfmeg/quant/float"
)

// Runner runs a network on one picture at a time. The next Run may overwrite the
// logits.
type Runner interface {
	Run(picture []int8) ([]float32, error)
}

// Float returns a constructor of Runners of a float network.
func Float(n *float.Network) (func() (Runner, error), error) {
	f, err := float.NewForward(n)
	if err != nil {
		return nil, err
	}
	return func() (Runner, error) { return f.NewPass(), nil }, nil
}

// Int8 returns a constructor of Runners of a quantized network.
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

// RunAll runs a network on all pictures and returns their logits. Each worker has
// a Runner of its own. done is called after each picture, concurrently.
func RunAll(ctx context.Context, newRunner func() (Runner, error), pictures [][]int8, workers int, done func()) ([][]float32, error) {
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
