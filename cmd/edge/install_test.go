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
		{[]string{"--", "--config", "/home/pi/c.yaml"}, []string{"--config: /home/pi/c.yaml", "cannot see /home", "move it to /etc/halfmeg"}},
		{[]string{"--", "--camera", "auto", "--record", "pictures"}, []string{"--record: ", "absolute path"}},
		{[]string{"--", "--camera", "auto", "--listen", ":1", "--token-file", "/root/token"}, []string{"--token-file: /root/token", "cannot see /root", "/var/lib/edge"}},
		{[]string{"--", "--camera", "auto", "--mqtt-ca", "ca.pem"}, []string{"--mqtt-ca: ", "absolute path"}},
		{[]string{"--", "--camera", "auto", "--model", "/tmp/pets.sqz"}, []string{"--model: /tmp/pets.sqz", "cannot see /tmp"}},
		{[]string{"--", "--camera", "auto", "--model", "pets.sqz"}, []string{"--model: ", "absolute path"}},
		{[]string{"--", "--camera", "yard=/home/pi/yard"}, []string{"--camera: /home/pi/yard", "cannot see /home"}},
		{[]string{"--", "--camera", "internal"}, []string{"--camera: ", "absolute path"}},
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

// The program for a card may be another one than the one that runs.
func TestInstallProgram(t *testing.T) {
	root := newSystem(t)
	bin := filepath.Join(root, "usr", "bin")
	require.NoError(t, os.MkdirAll(bin, 0o755))
	sparc := "\x7fELF\x02\x02" + strings.Repeat("\x00", 13) + "\x2b"
	for _, name := range []string{filepath.Join(bin, "env"), filepath.Join(root, "edge-sparc")} {
		require.NoError(t, os.WriteFile(name, []byte(sparc), 0o755))
	}
	requireFailure(t, statusFailure, edge(t, "install", "--root", root, "--dry-run"), "add --program FILE")
	got := edge(t, "install", "--root", root, "--dry-run", "--program", filepath.Join(root, "edge-sparc"))
	require.Zero(t, got.status, got.stderr)
	require.Contains(t, got.stdout, "copy "+filepath.Join(root, "edge-sparc")+" to ")
	requireFailure(t, statusFailure, edge(t, "install", "--dry-run", "--program", "edge-sparc"), "--program needs --root")
}

// An existing configuration file is checked like flags, also without any.
func TestInstallChecksConfig(t *testing.T) {
	const mode = 0o644
	for _, c := range []struct {
		text  string
		mode  os.FileMode
		words string // empty: install accepts it
	}{
		{"camera: auto", mode, ""},
		{"camera: auto\nrecord: /var/lib/edge/pictures\nmodel: squeezenet1.0", mode, ""},
		{"camera-file: /run/credentials/edge.service/secrets_camera", mode, ""},
		{"camera: auto\nmqtt-ca: ca.pem", mode, ""}, // relative to /etc/halfmeg
		{"camera: auto", 0o640, "chmod o+r"},
		{"listen: 127.0.0.1:8080", mode, "needs a camera"},
		{"kamera: auto", mode, "/etc/halfmeg/config.yaml:1: unknown key"},
		{"camera: auto\nrate: fast", mode, "/etc/halfmeg/config.yaml:2"},
		{"camera: [auto, auto]", mode, "need names"},
		{"camera: auto\nrecord: pictures", mode, "/etc/halfmeg/config.yaml:2: record: /etc/halfmeg/pictures: the service may write only to /var/lib/edge"},
		{"camera: auto\nmqtt-password-file: /home/pi/secret", mode, "mqtt-password-file: /home/pi/secret: the service cannot see /home"},
		{"camera-file: /home/pi/secret", mode, "/etc/halfmeg/config.yaml:1: camera-file: /home/pi/secret: the service cannot see /home"},
		{"camera-file: /run/credentials/halfmeg.service/secrets_camera", mode, "/run/credentials/edge.service"},
	} {
		if runtime.GOOS == "windows" && c.mode != mode {
			continue // it has no such permissions
		}
		t.Setenv("HALFMEG_CAMERA", "testcard") // not of the service
		root := newSystem(t)
		file := filepath.Join(root, "etc", "halfmeg", "config.yaml")
		require.NoError(t, os.Mkdir(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(c.text+"\n"), c.mode))
		got := edge(t, "install", "--root", root, "--dry-run")
		if c.words == "" {
			require.Zero(t, got.status, "%s: %s", c.text, got.stderr)
			continue
		}
		require.NotZero(t, got.status, c.text)
		require.Contains(t, got.stderr, c.words, c.text)
		if !strings.Contains(c.words, "/home") {
			continue
		}
		// The unit may have been changed so that the service sees more.
		require.NoError(t, os.MkdirAll(filepath.Join(root, "etc", "systemd", "system", "edge.service.d"), 0o755))
		got = edge(t, "install", "--root", root, "--dry-run")
		require.Zero(t, got.status, got.stderr)
	}
}

// Next to the package, that is what install reports, not the package's configuration.
func TestInstallNextToThePackage(t *testing.T) {
	root := newSystem(t)
	for name, text := range map[string]string{
		"usr/lib/systemd/system/halfmeg.service": "[Unit]\n",
		"etc/halfmeg/config.yaml":                "camera: auto\nrecord: /var/lib/halfmeg/pictures\n",
	} {
		file := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	requireFailure(t, statusFailure, edge(t, "install", "--root", root), "the package halfmeg is installed")
}

// The service must be able to enter the folder of its configuration file.
func TestInstallChecksConfigFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("it has no such permissions")
	}
	root := newSystem(t)
	dir := filepath.Join(root, "etc", "halfmeg")
	require.NoError(t, os.Mkdir(dir, 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.yaml"), []byte("camera: auto\n"), 0o644))
	requireFailure(t, statusFailure, edge(t, "install", "--root", root, "--dry-run"), "chmod o+x /etc/halfmeg,")
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
