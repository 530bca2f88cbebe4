package quant

import (
	"context"
	"sync"
	"sync/atomic"
)

// share hands out n pieces of work to so many goroutines and waits for them.
// Work is told which of the goroutines does which piece; after ctx has ended
// no piece is begun.
func share(ctx context.Context, workers, n int, work func(worker, i int)) error {
	var next atomic.Int64
	var wait sync.WaitGroup
	for worker := range workers {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				work(worker, i)
			}
		})
	}
	wait.Wait()
	return ctx.Err()
}
