package pins

import (
	"context"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"halfmeg/cmd/edge/internal/gpio"
)

// The delays between two requests for a line that is not available.
const (
	minRetry = time.Second
	maxRetry = 30 * time.Second
)

// keeper keeps a line requested.
type keeper struct {
	name    string // for messages, such as "output GPIO17"
	request func() (*gpio.Line, error)
	// use uses the line until that fails or the context ends, and closes it.
	use    func(context.Context, *gpio.Line) error
	report func(error)
	log    func(string)
}

// run requests the line until the context ends. It reports an error once, until it changes.
func (k *keeper) run(ctx context.Context) {
	delays := &backoff.ExponentialBackOff{InitialInterval: minRetry, Multiplier: 2, MaxInterval: maxRetry}
	delays.Reset()
	reported := ""
	for ctx.Err() == nil {
		line, err := k.request()
		if err == nil {
			if reported != "" {
				k.log(fmt.Sprintf("%s works: %s", k.name, line))
			}
			reported = ""
			start := time.Now()
			err = k.use(ctx, line)
			if time.Since(start) > maxRetry { // otherwise a line that always fails at first use is retried each second
				delays.Reset()
			}
		}
		if ctx.Err() != nil {
			return
		}
		if text := err.Error(); text != reported {
			k.report(fmt.Errorf("%s: %w; retrying", k.name, err))
			reported = text
		}
		select {
		case <-ctx.Done():
		case <-time.After(delays.NextBackOff()):
		}
	}
}
