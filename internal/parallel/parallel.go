// Package parallel runs the iterations of a loop on several goroutines.
package parallel

import (
	"context"
	"sync"
	"sync/atomic"
)

// For calls body once for each i in [0, n), on at most workers goroutines, and
// returns when all calls have returned. Iterations start in order; worker, in
// [0, workers), identifies the goroutine, so that body can use scratch memory
// of its own. Which worker runs which iteration varies from run to run: for
// reproducible results, body must write only iteration i's own results.
//
// Once ctx is done no further iteration starts, and For returns ctx.Err().
func For(ctx context.Context, workers, n int, body func(worker, i int)) error {
	var next atomic.Int64
	var running sync.WaitGroup
	for worker := range max(1, min(workers, n)) {
		running.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				body(worker, i)
			}
		})
	}
	running.Wait()
	return ctx.Err()
}
