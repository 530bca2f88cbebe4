package main

import (
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// newSystem returns the root of a system that is not running.
func newSystem(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(root, "etc"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(root, "etc", "group"), []byte("video:x:44:\n"), 0o644))
	return root
}

// The dry run writes a unit with the flags of run.
func TestInstallDryRun(t *testing.T) {
	root := newSystem(t)
	got := edge(t, "install", "--root", root, "--dry-run", "--", "--camera", "auto", "--min-probability", "30%")
	require.Zero(t, got.status, got.stderr)
	require.Contains(t, got.stdout, "\nExecStart=/usr/local/bin/edge run --events --camera auto --min-probability 30%%\n")
	require.NoDirExists(t, filepath.Join(root, "usr"))
	requireFailure(t, statusFailure, edge(t, "uninstall", "--root", root), "installed nothing here")
}

// Flags that the service could not run with are rejected, and nothing is written.
func TestInstallRejects(t *testing.T) {
	root := newSystem(t)
	private := filepath.Join(root, "private.yaml")
	require.NoError(t, os.WriteFile(private, []byte("camera: auto\n"), 0o600))
	for _, c := range []struct {
		args  []string
		words []string
	}{
		{[]string{"--camera", "auto"}, []string{"unknown flag: --camera"}},
		{[]string{"run"}, []string{`no argument "run"`, "after --"}},
		{[]string{"--", "run"}, []string{"run takes only flags"}},
		{[]string{"--", "--kamera", "auto"}, []string{"--kamera"}},
		{[]string{"--", "--listen", ":8080"}, []string{"needs a camera"}},
		{[]string{"--", "--camera", "rtsp://name:secret@door/"}, []string{"--camera contains a secret", "/etc/halfmeg/secrets/camera"}},
		{[]string{"--", "--camera", "auto", "--record", "/home/pi/pictures"}, []string{"/home/pi/pictures", "/var/lib/edge"}},
		{[]string{"--", "--config", "config.yaml"}, []string{"absolute path"}},
		{[]string{"--", "--config", "/missing.yaml"}, []string{"missing.yaml"}},
		{[]string{"--", "--config", "/private.yaml"}, []string{"/private.yaml", "chmod o+r"}},
	} {
		if runtime.GOOS == "windows" && strings.Contains(strings.Join(c.args, " "), "private") {
			continue // it has no such permissions
		}
		got := edge(t, append([]string{"install", "--root", root}, c.args...)...)
		require.NotZero(t, got.status)
		require.NotContains(t, got.stderr, "secret@")
		for _, w := range c.words {
			require.Contains(t, got.stderr, w, "%q", c.args)
		}
		require.NoDirExists(t, filepath.Join(root, "usr"))
	}
}

// run accepts the configuration that install writes, with its comments removed.
func TestInstalledConfig(t *testing.T) {
	text, err := os.ReadFile("internal/service/config.yaml")
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "config.yaml")
	all := regexp.MustCompile(`(?m)^#([a-z])`).ReplaceAllString(string(text), "$1")
	all = regexp.MustCompile(`(?m)^camera-file:.*`).ReplaceAllString(all, "") // excludes camera
	require.NoError(t, os.WriteFile(file, []byte(all), 0o600))
	got := edge(t, "config", "--config", file)
	require.Zero(t, got.status, got.stderr)
	require.Contains(t, got.stdout, "camera: [auto]")
	require.Contains(t, got.stdout, "mqtt-user: halfmeg")
}
