package cli

import (
	"flag"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLine(t *testing.T) {
	require.Equal(t, "a [31m b c", Line("a\x1b[31m\nb\u202ec"))
	require.Equal(t, strings.Repeat("ż", maxLine)+"…", Line(strings.Repeat("ż", 1<<20)))
}

func TestFlagError(t *testing.T) {
	fs := flag.NewFlagSet("tool", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Int("times", 1, "")
	for arg, want := range map[string]string{
		"-tims":    "unknown flag -tims (-help lists the flags)",
		"-times=x": `invalid value "x" for flag -times: parse error (-help lists the flags)`,
	} {
		require.Equal(t, want, flagError(fs.Parse([]string{arg})))
	}
}
