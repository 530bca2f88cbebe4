package cli

import (
	"encoding/json"
	"flag"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
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

// TestTopologyHelp: the example in the help is a valid topology.
func TestTopologyHelp(t *testing.T) {
	from, to := strings.Index(TopologyHelp, "{"), strings.LastIndex(TopologyHelp, "}")
	d := json.NewDecoder(strings.NewReader(TopologyHelp[from : to+1]))
	d.DisallowUnknownFields()
	var topology model.Topology
	require.NoError(t, d.Decode(&topology))
	_, err := topology.Graph()
	require.NoError(t, err)
	require.True(t, topology.Fires[1].Bypass)
}
