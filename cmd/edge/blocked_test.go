package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/pipeline"
)

// slow is a sink that handles an observation for some minutes.
type slow struct{ minutes time.Duration }

func (s slow) Observe(*pipeline.Observation) error {
	time.Sleep(s.minutes * time.Minute)
	return nil
}

func (s slow) Close() error { return nil }

// An optional sink that blocks is reported once, and its recovery.
func TestBlockedOutput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var stderr strings.Builder
		o := &outputs{stderr: &stderr}
		o.addOptional("recorder", slow{5})
		o.addOptional("page", slow{0})
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
