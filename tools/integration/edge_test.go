package integration

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// need returns an environment variable that names what to test, or skips the
// test if it is not set.
func need(tb testing.TB, variable string) string {
	tb.Helper()
	value := os.Getenv(variable)
	if value == "" {
		tb.Skip("LEFT OUT: tests with a camera: make integration runs them on an emulated board")
	}
	return value
}

// edge runs edge and returns its stdout. Its stderr must be empty.
func edge(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), need(t, "HALFMEG_EDGE"), args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s", &stderr)
	require.Empty(t, stderr.String())
	return string(out)
}

// The program as shipped starts on the board and recognises everything on its
// test card.
func TestTestCard(t *testing.T) {
	out := edge(t, "run", "--camera", "testcard", "--frames", "20")
	require.True(t, strings.HasSuffix(out, "\n20 of 20 right\n"), out)
}
