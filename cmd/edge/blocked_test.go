package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/pipeline"
)

// slow is a sink that handles an observation for some time.
type slow struct{ duration time.Duration }

func (s slow) Observe(*pipeline.Observation) error {
	time.Sleep(s.duration)
	return nil
}

func (s slow) Close() error { return nil }

// An optional sink that blocks is reported once, and its recovery.
func TestBlockedOutput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stderr strings.Builder
		o := &outputs{stderr: &stderr}
		o.addOptional("recorder", slow{5 * time.Minute})
		o.addOptional("page", slow{})
		ctx := t.Context()
		go o.watch(ctx)
		for _, q := range o.queuesOf("") {
			require.NoError(t, q.Observe(ctx, &pipeline.Observation{Frame: 1}))
		}
		time.Sleep(10*time.Minute + time.Second)
		synctest.Wait()
		require.Equal(t, ""+
			"edge: recorder has not responded for 1m0s and misses what happens; the run continues\n"+
			"edge: recorder responds again\n", stderr.String())
		require.NoError(t, o.close(ctx))
	})
}
