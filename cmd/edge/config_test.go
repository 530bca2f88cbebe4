package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestRunWithConfig(t *testing.T) {
	file := writeConfig(t, "camera: testcard\nframes: 2\njson: true\nevents: true\ngroups: {birds: [bird, cock]}\n")
	got := edge(t, "run", "--config", file, "--json=false", "--events=false")
	require.Equal(t, statusOK, got.status, got.stderr)
	require.Contains(t, got.stdout, "of 2 right\n")

	// A file in the standard place.
	dir := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", dir)
	require.NoError(t, os.Mkdir(filepath.Join(dir, "halfmeg"), 0o755))
	require.NoError(t, os.Rename(file, filepath.Join(dir, "halfmeg", "config.yaml")))
	got = edge(t, "run", "--json=false", "--events=false", "--frames", "1")
	require.Equal(t, statusOK, got.status, got.stderr)
	require.Contains(t, got.stdout, "of 1 right\n")
}

func TestConfigErrors(t *testing.T) {
	for text, words := range map[string]string{
		"camera: testcard\nframs: 3":                 ":2: unknown key frams; did you mean frames?",
		"camera: testcard\nrate: fast":               ":2: rate: expected frames per second, from 0.01 to 1000, got fast",
		"camera: testcard\ncontrol: [exposure]":      ":2: control: expected a name and a value, such as exposure=300",
		"frames: 3":                                  "needs a camera",
		"camera: testcard\nschema: true":             "unknown key schema",
		"camera: testcard\ngroups: {pets: [1, [2]]}": ":2: groups: pets: expected a list of texts, got a list in it",
	} {
		requireFailure(t, statusUsage, edge(t, "run", "--config", writeConfig(t, text)), words)
	}
	requireFailure(t, statusUsage, edge(t, "run", "--config", "missing.yaml"), "missing.yaml", "no such file")
	requireFailure(t, statusFailure, edge(t, "config", "--config", "missing.yaml"), "missing.yaml", "no such file")
	requireFailure(t, statusFailure, edge(t, "config", "please"), "config: run takes only flags")
}

func TestConfigCommand(t *testing.T) {
	t.Setenv("HALFMEG_CAMERA", "http://pi:s3cret@door/stream")
	file := writeConfig(t, "rate: 5\ncontrol: [exposure=300]\ngroups: {pets: [dog, cat]}\non: 0.7\n")
	got := edge(t, "config", "--config", file, "--frames", "3")
	require.Equal(t, statusOK, got.status, got.stderr)
	for _, line := range []string{
		`# camera: ["http://pi:(hidden)@door/stream"]  # environment HALFMEG_CAMERA`,
		"control: [exposure=300]  # " + file + ":2",
		"frames: 3  # flag",
		"groups:  # " + file + ":3",
		"  pets: [dog, cat]",
		"on: 0.7  # " + file + ":4",
		"# on-change: false  # default",
		"rate: 5  # " + file + ":1",
	} {
		require.Contains(t, strings.Split(got.stdout, "\n"), line)
	}
	require.NotContains(t, got.stdout, "s3cret")

	// Its output is a valid configuration file.
	again := edge(t, "config", "--config", writeConfig(t, got.stdout))
	require.Equal(t, statusOK, again.status, again.stderr)
	require.Contains(t, again.stdout, "control: [exposure=300]")
}

// The output has no secrets of addresses, and is a valid configuration file.
func TestConfigHidesSecrets(t *testing.T) {
	got := edge(t, "config", "--camera", "http://cam/snap.cgi?user=admin&pwd=s3cret", "--webhook", "https://ntfy.sh/s3cret-topic",
		"--webhook", "https://tk_s3cret@ntfy.sh/t", "--mqtt", "mqtts://s3cret@broker:8883", "--webhook-header", "Key: s3cret", "--rate", "2")
	require.Equal(t, statusOK, got.status, got.stderr)
	require.NotContains(t, got.stdout, "s3cret")
	require.Contains(t, got.stdout, `# camera: ["http://cam/snap.cgi?(hidden)"]  # flag`)
	require.Contains(t, got.stdout, `# webhook: ["https://ntfy.sh/(hidden)", "https://(hidden)@ntfy.sh/(hidden)"]  # flag`)
	again := edge(t, "config", "--config", writeConfig(t, got.stdout))
	require.Equal(t, statusOK, again.status, again.stderr)
	require.Equal(t, "rate: 2", configLine(t, again.stdout, "rate"))
}

// Relative paths in the configuration file are relative to its folder.
func TestConfigPaths(t *testing.T) {
	_, run := newRunCommand(nil)
	var keys []string
	run.Flags().VisitAll(func(f *pflag.Flag) {
		if kind, _ := pflag.UnquoteUsage(f); (kind == "file" || kind == "folder") && f.Name != "config" {
			keys = append(keys, f.Name)
		}
	})
	require.Contains(t, keys, "record")
	require.Contains(t, keys, "token-file")
	file := writeConfig(t, strings.Join(keys, ": x\n")+": x\n")
	got := edge(t, "config", "--config", file)
	require.Equal(t, statusOK, got.status, got.stderr)
	for _, key := range keys {
		require.Equal(t, key+": "+filepath.Join(filepath.Dir(file), "x"), configLine(t, got.stdout, key))
	}
}

// A flag that may be repeated takes a list in the file, and survives edge config.
func TestConfigLists(t *testing.T) {
	samples := map[string][]string{
		"allow":          {"dog", "tench, Tinca tinca"},
		"allow-host":     {"pi.example", "b.example"},
		"button":         {"27=snapshot,hold=shutdown", "GPIO5=shutdown"},
		"control":        {"exposure=300", "gain=2"},
		"deny":           {"web site", "1"},
		"group":          {"dog", "pets=dog,cat"},
		"pin-output":     {"17=dog,active-low,min=2s", "18=*"},
		"trusted-proxy":  {"192.168.1.2/32", "fd00::/8"},
		"webhook":        {"http://a.example", "http://b.example"},
		"webhook-header": nil, // a secret
	}
	_, run := newRunCommand(nil)
	run.Flags().VisitAll(func(f *pflag.Flag) {
		if !strings.Contains(f.Usage, "several times") && !strings.Contains(f.Usage, "repeated") {
			return
		}
		require.Implements(t, (*pflag.SliceValue)(nil), f.Value, f.Name)
		require.Contains(t, samples, f.Name)
		args := []string{"config"}
		var quoted []string
		for _, text := range samples[f.Name] {
			args = append(args, "--"+f.Name, text)
			quoted = append(quoted, strconv.Quote(text))
		}
		if len(quoted) == 0 {
			return
		}
		want := edge(t, "config", "--config", writeConfig(t, f.Name+": ["+strings.Join(quoted, ", ")+"]"))
		require.Equal(t, statusOK, want.status, want.stderr)
		written := edge(t, args...)
		require.Equal(t, statusOK, written.status, written.stderr)
		again := edge(t, "config", "--config", writeConfig(t, written.stdout))
		require.Equal(t, statusOK, again.status, again.stderr)
		line := configLine(t, written.stdout, f.Name)
		require.Equal(t, line, configLine(t, want.stdout, f.Name))
		require.Equal(t, line, configLine(t, again.stdout, f.Name))
	})
}

// configLine returns the line of a key without its comment.
func configLine(t *testing.T, text, key string) string {
	t.Helper()
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, key+": ") {
			value, _, _ := strings.Cut(line, "  #")
			return value
		}
	}
	t.Fatalf("no %s in %s", key, text)
	return ""
}

// The example in the documentation is valid.
func TestConfigExample(t *testing.T) {
	page, err := os.ReadFile("../../docs/configuration.md")
	require.NoError(t, err)
	_, example, ok := strings.Cut(string(page), "```yaml\n")
	require.True(t, ok)
	example, _, ok = strings.Cut(example, "```")
	require.True(t, ok)
	file := writeConfig(t, example)
	got := edge(t, "config", "--config", file)
	require.Equal(t, statusOK, got.status, got.stderr)
	require.Contains(t, got.stdout, "group: [dog, vehicle]  # "+file)
	got = edge(t, "run", "--config", file, "--camera", "testcard", "--size", "640x480", "--frames", "1", "--events")
	require.Equal(t, statusOK, got.status, got.stderr)
}

// The documentation lists the keys that SIGHUP applies.
func TestConfigReloadableKeys(t *testing.T) {
	page, err := os.ReadFile("../../docs/configuration.md")
	require.NoError(t, err)
	last := len(reloadable) - 1
	require.Contains(t, string(page), "* `"+strings.Join(reloadable[:last], "`, `")+"` and `"+reloadable[last]+"` take effect immediately.")
	_, run := newRunCommand(nil)
	for _, key := range reloadable {
		require.True(t, key == "groups" || run.Flags().Lookup(key) != nil, key)
	}
}

// Editors use this copy of the schema.
func TestConfigSchema(t *testing.T) {
	want, err := os.ReadFile("../../docs/config.schema.json")
	require.NoError(t, err)
	got := edge(t, "config", "--schema")
	require.Equal(t, statusOK, got.status, got.stderr)
	if got.stdout != string(want) {
		t.Error("it is not up to date: go run ./cmd/edge config --schema > docs/config.schema.json")
	}
}
