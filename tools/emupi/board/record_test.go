package board

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/tools/emupi/protocol"
)

// fixture is a record of two commands, with their output and exit statuses.
type fixture struct {
	record
	kernel, output bytes.Buffer
	statuses       []int
}

func newFixture() *fixture {
	f := &fixture{}
	f.console = &f.kernel
	for _, name := range []string{"first", "second"} {
		f.commands = append(f.commands, Command{
			Command: protocol.Command{Args: []string{name}},
			Output:  &f.output,
			Ended:   func(status int, _ time.Duration) { f.statuses = append(f.statuses, status) },
		})
	}
	return f
}

func (f *fixture) takeAll(events ...protocol.Event) {
	for _, e := range events {
		f.take(e)
	}
}

func TestSuccessIsDone(t *testing.T) {
	f := newFixture()
	f.takeAll(
		protocol.Event{Kind: protocol.Output, Command: 0, Output: []byte("a")},
		protocol.Event{Kind: protocol.Exit, Command: 0, Status: 3},
		protocol.Event{Kind: protocol.Output, Command: 1, Output: []byte("b")},
		protocol.Event{Kind: protocol.Exit, Command: 1, Status: -1},
		protocol.Event{Kind: protocol.Done},
	)
	require.True(t, f.done)
	require.Equal(t, []int{3, -1}, f.statuses)
	require.Equal(t, "ab", f.output.String())
	require.Empty(t, f.kernel.String())
}

func TestTooFewCommandsAreNotDone(t *testing.T) {
	f := newFixture()
	f.takeAll(
		protocol.Event{Kind: protocol.Exit, Command: 0},
		protocol.Event{Kind: protocol.Done},
	)
	require.False(t, f.done)
	require.Equal(t, "command 2 of 2 (second) has not ended", f.where())
}

func TestFailureIsNotDone(t *testing.T) {
	f := newFixture()
	f.takeAll(
		protocol.Event{Kind: protocol.Exit, Command: 0},
		protocol.Event{Kind: protocol.Exit, Command: 1},
		protocol.Event{Kind: protocol.Failure, Text: "cannot mount /tmp"},
		protocol.Event{Kind: protocol.Done},
	)
	require.False(t, f.done)
	require.EqualError(t, f.failure, "cannot mount /tmp")
}

func TestStrayEventsEndNoCommand(t *testing.T) {
	f := newFixture()
	f.takeAll(
		protocol.Event{Kind: protocol.Exit, Command: 1},
		protocol.Event{Kind: protocol.Exit, Command: -1},
		protocol.Event{Kind: protocol.Output, Command: 7, Output: []byte("x")},
		protocol.Event{Kind: "unknown"},
	)
	require.Empty(t, f.statuses)
	require.Empty(t, f.output.String())
	require.Equal(t, 4, bytes.Count(f.kernel.Bytes(), []byte("\n")))
}

// closed is an output whose reader is gone.
type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, errors.New("no reader") }

func TestLostOutputIsAFailure(t *testing.T) {
	f := newFixture()
	f.commands[0].Output = closed{}
	f.take(protocol.Event{Kind: protocol.Output, Command: 0, Output: []byte("x")})
	require.EqualError(t, f.failure, "no reader")
}
