package metrics

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

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

// Logits classifies all pictures on so many goroutines, each with a Runner
// of its own.
func Logits(ctx context.Context, newRunner func() (Runner, error), pictures [][]int8, workers int, done func()) ([][]float32, error) {
	logits, failures := make([][]float32, len(pictures)), make([]error, workers)
	var next atomic.Int64
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			r, err := newRunner()
			for err == nil && ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(pictures) {
					return
				}
				var l []float32
				l, err = r.Run(pictures[i])
				logits[i] = slices.Clone(l)
				done()
			}
			failures[w] = err
		})
	}
	wait.Wait()
	for _, err := range failures {
		if err != nil {
			return nil, err
		}
	}
	return logits, ctx.Err()
}
