package main

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// A run continues without its lines, and reports each missing one once. It needs no other
// output for the events.
func TestRunWithoutLines(t *testing.T) {
	command, stderr := startWithStderr(t, "run", "--camera", "testcard", "--json", "--pin-chip", "no-such-chip",
		"--pin-output", "17=vehicle,active-low", "--button", "27=hold=shutdown")
	text := readLines(t, stderr, 2)
	require.Regexp(t, `(?m)^edge: output 17: (no chip "no-such-chip"|this machine has no GPIO chip|no permission for ).*; retrying$`, text)
	require.Regexp(t, `(?m)^edge: button 27: .*; retrying$`, text)
	require.NoError(t, command.Process.Signal(syscall.SIGTERM))
	require.NoError(t, command.Wait())
}
