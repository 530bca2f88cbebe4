package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/pipeline"
)

// A run continues without its lines, and reports each missing one once. It needs no other
// output for the events.
func TestRunWithoutLines(t *testing.T) {
	got := edge(t, "run", "--camera", "testcard", "--frames", "3", "--json", "--pin-chip", "no-such-chip",
		"--pin-output", "17=vehicle,active-low", "--button", "27=hold=shutdown")
	require.Equal(t, statusOK, got.status, got.stderr)
	require.Len(t, decodeLines[pipeline.Observation](t, got.stdout), 3)
	require.Regexp(t, `(?m)^edge: output 17: (no chip "no-such-chip"|this machine has no GPIO chip|no permission for ).*; retrying$`, got.stderr)
	require.Regexp(t, `(?m)^edge: button 27: .*; retrying$`, got.stderr)
}
