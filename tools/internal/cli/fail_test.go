package cli

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLine(t *testing.T) {
	require.Equal(t, "a [31m b c", Line("a\x1b[31m\nb\u202ec"))
	require.Equal(t, strings.Repeat("ż", longest)+"…", Line(strings.Repeat("ż", 1<<20)))
}
