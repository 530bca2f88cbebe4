package model

import "sync"

// workers is a fixed set of goroutines that share out the operations of a
// frame. The caller is one of them.
type workers struct {
	count  int
	starts []chan share // one a helper
	done   sync.WaitGroup
	ending sync.Once
}

// share is one helper's part of an operation.
type share struct {
	run      func(from, to int)
	from, to int
}

func newWorkers(count int) *workers {
	w := &workers{count: count, starts: make([]chan share, count-1)}
	for i := range w.starts {
		start := make(chan share)
		w.starts[i] = start
		go func() {
			for s := range start {
				s.run(s.from, s.to)
				w.done.Done()
			}
		}()
	}
	return w
}

// do runs an operation of n units, split evenly and in order, and returns
// when every part is done.
func (w *workers) do(n int, run func(from, to int)) {
	for i, start := range w.starts {
		if from, to := n*i/w.count, n*(i+1)/w.count; from < to {
			w.done.Add(1)
			start <- share{run, from, to}
		}
	}
	run(n*(w.count-1)/w.count, n)
	w.done.Wait()
}

// stop ends the goroutines; once is enough, twice does no harm.
func (w *workers) stop() {
	w.ending.Do(func() {
		for _, start := range w.starts {
			close(start)
		}
	})
}
