package flags

import (
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/record"
)

func parseRecord(args ...string) (record.Config, error) {
	var r Record
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	r.Add(set)
	err := set.Parse(args)
	return r.Config, err
}

func TestRecord(t *testing.T) {
	c, err := parseRecord()
	require.NoError(t, err)
	require.Equal(t, record.Config{MaxBytes: 2e9, MinFree: 5e8}, c)
	c, err = parseRecord("--record", "birds", "--record-events", "robin,dog", "--record-events", "wren", "--record-max-bytes", "1.5 gb",
		"--record-max-count", "9", "--record-max-days", "30", "--record-min-free", "0", "--record-pre-roll", "3")
	require.NoError(t, err)
	require.Equal(t, record.Config{
		Dir: "birds", Events: []string{"robin", "dog", "wren"}, MaxBytes: 1_500_000_000, MaxCount: 9, MaxDays: 30, PreRoll: 3,
	}, c)
	for _, args := range [][]string{
		{"--record-max-count", "-1"}, {"--record-max-days", "x"}, {"--record-pre-roll", "11"}, {"--record-max-bytes", "much"},
		{"--record-max-bytes", "-1"}, {"--record-max-bytes", "2 XB"}, {"--record-max-bytes", "99999999TB"}, {"--record-min-free", ""},
	} {
		_, err := parseRecord(args...)
		require.ErrorContains(t, err, "expected a ", "%q", args)
	}
}

// Names that no event can have are rejected: they would record nothing without an error.
func TestRecordPrepare(t *testing.T) {
	l := labels(t)
	d := Decision{groups: []string{"dog", "pets=dog,goldfish"}, Groups: map[string][]string{"birds": {"cock"}}}
	r := Record{record.Config{Events: []string{"tench", "#3", "Dog", "pets", " birds", "tench, Tinca tinca"}}}
	require.NoError(t, r.Prepare(l, &d))
	require.Empty(t, d.added)
	for name, want := range map[string]string{
		"tensh":     `did you mean "tench"?`,
		"my robins": "a custom group also needs --group my robins=",
	} {
		r.Config.Events = []string{"tench", name}
		require.ErrorContains(t, r.Prepare(l, &d), want)
	}

	// Recording a built-in group enables its events.
	r.Config.Events = []string{"vehicle "}
	require.NoError(t, r.Prepare(l, &d))
	c, err := d.Config(l)
	require.NoError(t, err)
	require.Equal(t, "vehicle", c.Groups[2].Name)
}

// Set parses what String returns.
func TestBytes(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "17": 17, "17B": 17, "2GB": 2e9, "500 MB": 5e8, "1.5kB": 1500, "4K": 4000, "4KiB": 4096, "2gib": 2 << 30, "1TB": 1e12,
		"2g": 2e9, "3Mi": 3 << 20,
	} {
		var size, again int64
		require.NoError(t, Bytes(&size).Set(text), text)
		require.Equal(t, want, size, text)
		require.NoError(t, Bytes(&again).Set(Bytes(&size).String()))
		require.Equal(t, want, again, text)
	}
}
