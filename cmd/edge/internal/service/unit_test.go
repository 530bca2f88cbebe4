package service

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write the expected texts")

// requireGolden compares a text with a file of testdata.
func requireGolden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), got)
}

var (
	installed = Unit{Name: "edge", Command: []string{"/usr/local/bin/edge", "run", "--camera", "auto"}, Groups: []string{"video", "i2c"}}
	packaged  = Unit{
		Name: "halfmeg", Documentation: "man:halfmeg(1)", Command: []string{"/usr/bin/halfmeg", "run"},
		Groups: DeviceGroups, Unless: UnitPath,
	}
)

func TestUnit(t *testing.T) {
	requireGolden(t, "edge.service", installed.Text())
	requireGolden(t, "halfmeg.service", packaged.Text())
}

// No placeholder remains, also without groups.
func TestUnitWithoutGroups(t *testing.T) {
	text := Unit{Name: "edge", Command: []string{"/bin/edge"}}.Text()
	for _, word := range []string{"NAME", "DOCUMENTATION", "COMMAND", "UNLESS", "GROUPS", "SupplementaryGroups"} {
		require.NotContains(t, text, word)
	}
}

func TestQuote(t *testing.T) {
	for arg, want := range map[string]string{
		"auto":             "auto",
		"":                 `""`,
		"50%x50%+25%+25%":  "50%%x50%%+25%%+25%%",
		"fox squirrel":     `"fox squirrel"`,
		`a"b'c\d`:          `"a\"b'c\\d"`,
		"$name at $time":   `"$$name at $$time"`,
		"first\nsecond":    `"first\nsecond"`,
		"rtsp://door/a;b":  `"rtsp://door/a;b"`,
		"--webhook-text=x": "--webhook-text=x",
	} {
		require.Equal(t, want, quote(arg), "%q", arg)
	}
}

// maxExposure is the highest score of "systemd-analyze security" in tenths: 0 is fully
// sandboxed, 100 is not at all.
const maxExposure = "25"

// systemd accepts the unit and rates its sandbox.
func TestUnitInSystemd(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("LEFT OUT: the unit as systemd reads it: needs systemd-analyze; make deps installs it")
	}
	for _, unit := range []Unit{installed, packaged} {
		file := filepath.Join(t.TempDir(), unit.Name+".service")
		require.NoError(t, os.WriteFile(file, []byte(unit.Text()), 0o644))
		out, err := exec.Command(analyze, "security", "--no-pager", "--offline=yes", "--threshold="+maxExposure, file).CombinedOutput()
		require.NoError(t, err, "%s", out)
		require.Contains(t, string(out), "Overall exposure level")

		unit.Command = []string{"/bin/true", "50%", "$x", `"quoted" \ text`}
		require.NoError(t, os.WriteFile(file, []byte(unit.Text()), 0o644))
		out, err = exec.Command(analyze, "verify", "--man=no", file).CombinedOutput()
		require.NoError(t, err, "%s", out)
		for line := range strings.Lines(string(out)) { // warnings; systemd 252 has no steps
			if strings.Contains(line, file) {
				require.Contains(t, line, "Unknown key 'Restart")
			}
		}
	}
}

// commented matches the start of a key that is commented out; text has a space there.
var commented = regexp.MustCompile(`(?m)^#([a-z])`)

// The configuration is valid as it is, and with its comments removed.
func TestConfig(t *testing.T) {
	text := Config("edge")
	require.NotContains(t, text, "NAME")
	var keys map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(text), &keys))
	require.Equal(t, map[string]any{"camera": "auto"}, keys)
	var all map[string]any
	require.NoError(t, yaml.Unmarshal([]byte(commented.ReplaceAllString(text, "$1")), &all))
	require.Contains(t, all, "mqtt-password-file")
}
