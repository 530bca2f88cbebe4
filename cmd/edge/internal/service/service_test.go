package service

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// newRoot returns the root of a system with two groups of devices.
func newRoot(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	write(t, filepath.Join(root, "etc/group"), "root:x:0:\ngpio:x:986:pi\nvideo:x:44:pi\ninput:x:995:pi\n")
	require.NoError(t, os.MkdirAll(filepath.Join(root, "etc/systemd/system"), 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(root, "usr/local/bin"), 0o755))
	return root
}

func write(t *testing.T, name, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
}

// tree returns the content of all files below a folder, by relative path; folders end in a
// slash.
func tree(t *testing.T, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			files[name+"/"] = ""
			return err
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		files[name] = string(text)
		return err
	}))
	return files
}

// fixture is a system whose systemctl is recorded.
type fixture struct {
	System
	out      bytes.Buffer
	commands []string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{}
	f.Root, f.Out = newRoot(t), &f.out
	f.Systemctl = func(args ...string) error {
		f.commands = append(f.commands, strings.Join(args, " "))
		return nil
	}
	return f
}

// install installs a program with this content.
func (f *fixture) install(t *testing.T, content string, args ...string) error {
	t.Helper()
	program := filepath.Join(t.TempDir(), "edge-linux-arm64")
	write(t, program, content)
	i := Install{System: f.System, Program: program, Args: args}
	return i.Do()
}

func TestInstallAndUninstall(t *testing.T) {
	f := newFixture(t)
	before := tree(t, f.Root)
	require.NoError(t, f.install(t, "version 1", "--camera", "auto"))
	require.Equal(t, []string{"--root=" + f.Root + " enable edge.service"}, f.commands)
	after := tree(t, f.Root)
	require.Equal(t, "version 1", after["usr/local/bin/edge"])
	require.Contains(t, after["etc/systemd/system/edge.service"], "\nExecStart=/usr/local/bin/edge run --events --camera auto\n")
	require.Contains(t, after["etc/systemd/system/edge.service"], "\nSupplementaryGroups=video gpio\n")
	require.Contains(t, after, "etc/halfmeg/secrets/")
	require.NotContains(t, after, "etc/halfmeg/config.yaml", "flags replace it")
	info, err := os.Stat(filepath.Join(f.Root, "etc/halfmeg/secrets"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o700), info.Mode().Perm())

	require.NoError(t, f.Uninstall())
	require.Equal(t, before, tree(t, f.Root))
	require.Equal(t, "--root="+f.Root+" disable edge.service", f.commands[1])
	require.ErrorContains(t, f.Uninstall(), "has installed nothing here")
}

// A repeated installation replaces the program and keeps the configuration.
func TestUpdate(t *testing.T) {
	f := newFixture(t)
	before := tree(t, f.Root)
	require.NoError(t, f.install(t, "version 1"))
	require.Equal(t, Config("edge"), tree(t, f.Root)["etc/halfmeg/config.yaml"])
	require.NoError(t, f.install(t, "version 2"))
	require.Equal(t, "version 2", tree(t, f.Root)["usr/local/bin/edge"])
	require.NoError(t, f.Uninstall())
	require.Equal(t, before, tree(t, f.Root))
}

// Uninstall keeps what was changed, and what it has not written.
func TestUninstallKeepsChanges(t *testing.T) {
	f := newFixture(t)
	require.NoError(t, f.install(t, "version 1"))
	write(t, filepath.Join(f.Root, "etc/halfmeg/config.yaml"), "camera: rpicam\n")
	write(t, filepath.Join(f.Root, "etc/halfmeg/secrets/mqtt"), "secret")
	write(t, filepath.Join(f.Root, "var/lib/edge/pictures/1.jpg"), "picture")
	f.out.Reset()
	require.NoError(t, f.Uninstall())
	rest := tree(t, f.Root)
	require.Equal(t, "camera: rpicam\n", rest["etc/halfmeg/config.yaml"])
	require.Equal(t, "secret", rest["etc/halfmeg/secrets/mqtt"])
	require.Equal(t, "picture", rest["var/lib/edge/pictures/1.jpg"])
	require.NotContains(t, rest, "etc/systemd/system/edge.service")
	require.NotContains(t, rest, "usr/local/bin/edge")
	for _, line := range []string{"config.yaml: it has been changed", "secrets: it has other files", "etc/halfmeg: it has other files", "edge: recordings"} {
		require.Contains(t, f.out.String(), line)
	}
}

// A repeated installation keeps a unit and a program that have been changed, under another
// name.
func TestUpdateKeepsChanges(t *testing.T) {
	f := newFixture(t)
	unit, program := filepath.Join(f.Root, "etc/systemd/system/edge.service"), filepath.Join(f.Root, "usr/local/bin/edge")
	require.NoError(t, f.install(t, "version 1"))
	for n, old := range []string{".old", ".old2"} {
		write(t, unit, "edited "+old)
		write(t, program, "built "+old)
		f.out.Reset()
		require.NoError(t, f.install(t, "version 2", "--camera", []string{"auto", "testcard"}[n]))
		rest := tree(t, f.Root)
		require.Equal(t, "edited "+old, rest["etc/systemd/system/edge.service"+old])
		require.Equal(t, "built "+old, rest["usr/local/bin/edge"+old])
		require.Equal(t, "version 2", rest["usr/local/bin/edge"])
		require.Contains(t, rest["etc/systemd/system/edge.service"], "\nExecStart=/usr/local/bin/edge run")
		require.Contains(t, f.out.String(), "keep "+unit+" as "+unit+old+": it has been changed\n")
		require.Contains(t, f.out.String(), "keep "+program+" as "+program+old+": it has been changed\n")
	}
	require.NoError(t, f.Uninstall())
	rest := tree(t, f.Root)
	require.NotContains(t, rest, "usr/local/bin/edge")
	require.Contains(t, rest, "usr/local/bin/edge.old", "it belongs to the user")
}

// An installation that was interrupted after it has written the manifest leaves the files of
// the one before. They are not changes.
func TestInterruptedUpdate(t *testing.T) {
	f := newFixture(t)
	before := tree(t, f.Root)
	unit, program := filepath.Join(f.Root, "etc/systemd/system/edge.service"), filepath.Join(f.Root, "usr/local/bin/edge")
	require.NoError(t, f.install(t, "version 1"))
	interrupt := func() {
		files := tree(t, f.Root)
		require.NoError(t, f.install(t, "version 2", "--camera", "auto"))
		write(t, unit, files["etc/systemd/system/edge.service"])
		write(t, program, files["usr/local/bin/edge"])
	}
	interrupt()
	require.NoError(t, f.install(t, "version 3", "--camera", "testcard"))
	require.NotContains(t, f.out.String(), "changed")
	interrupt()
	require.NoError(t, f.Uninstall())
	require.Equal(t, before, tree(t, f.Root))
}

// Uninstall renames a changed unit: under its name it would need the program, and the
// service of the package would not start.
func TestUninstallRenamesUnit(t *testing.T) {
	f := newFixture(t)
	unit := filepath.Join(f.Root, "etc/systemd/system/edge.service")
	require.NoError(t, f.install(t, "version 1"))
	write(t, unit, "edited")
	f.out.Reset()
	require.NoError(t, f.Uninstall())
	rest := tree(t, f.Root)
	require.NotContains(t, rest, "etc/systemd/system/edge.service")
	require.Equal(t, "edited", rest["etc/systemd/system/edge.service.old"])
	require.Contains(t, f.out.String(), "keep "+unit+" as "+unit+".old: it has been changed\n")
}

// The configuration and the secrets are also those of the package, if it was installed later.
func TestUninstallNextToThePackage(t *testing.T) {
	f := newFixture(t)
	require.NoError(t, f.install(t, "version 1"))
	write(t, filepath.Join(f.Root, "usr/lib/systemd/system/halfmeg.service"), "package")
	f.out.Reset()
	require.NoError(t, f.Uninstall())
	rest := tree(t, f.Root)
	require.Contains(t, rest, "etc/halfmeg/secrets/")
	require.Equal(t, Config("edge"), rest["etc/halfmeg/config.yaml"])
	require.NotContains(t, rest, "etc/systemd/system/edge.service")
	require.Contains(t, f.out.String(), "secrets: the package halfmeg uses it\n")
}

// copyLine matches the line of the program.
var copyLine = regexp.MustCompile(`copy .* to `)

// A dry run changes nothing and announces each step of the real run.
func TestDryRun(t *testing.T) {
	f := newFixture(t)
	before := tree(t, f.Root)
	f.DryRun = true
	require.NoError(t, f.install(t, "version 1"))
	require.Equal(t, before, tree(t, f.Root))
	require.Empty(t, f.commands)
	announced, unit, ok := strings.Cut(f.out.String(), "\nNothing was changed. The unit would be:\n\n")
	require.True(t, ok)

	f.out.Reset()
	f.DryRun = false
	require.NoError(t, f.install(t, "version 1"))
	program := func(text string) string { // its folder differs
		return copyLine.ReplaceAllString(text, "copy to ")
	}
	done, found := strings.CutSuffix(program(f.out.String()), "The service starts with that system.\n")
	require.True(t, found)
	require.Equal(t, program(announced), done)
	require.Equal(t, tree(t, f.Root)["etc/systemd/system/edge.service"], unit)

	f.out.Reset()
	f.DryRun = true
	installed := tree(t, f.Root)
	require.NoError(t, f.Uninstall())
	require.Equal(t, installed, tree(t, f.Root))
	announced = f.out.String()
	f.out.Reset()
	f.DryRun = false
	require.NoError(t, f.Uninstall())
	require.Equal(t, announced, f.out.String())
	require.Contains(t, announced, "remove "+filepath.Join(f.Root, "usr/local/bin/edge")+"\n")
}

// Install does not touch the files of others.
func TestForeignFiles(t *testing.T) {
	for name, words := range map[string]string{
		"usr/local/bin/edge":                       "is another program",
		"etc/systemd/system/edge.service":          "has not written it",
		"usr/lib/systemd/system/halfmeg.service":   "the package halfmeg is installed",
		"lib/systemd/system/halfmeg.service":       "the package halfmeg is installed",
		"usr/local/lib/edge/installed.json":        "installed.json",
		"etc/halfmeg/secrets":                      "", // a file instead of the folder: nothing is written into it
		"etc/systemd/system/edge.service.d/a.conf": "",
	} {
		f := newFixture(t)
		write(t, filepath.Join(f.Root, name), "foreign")
		err := f.install(t, "version 1")
		if words == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, words, name)
			require.Empty(t, f.commands)
		}
		require.Equal(t, "foreign", tree(t, f.Root)[name])
	}
}

// A program that is already at its place is used and not removed.
func TestProgramInPlace(t *testing.T) {
	f := newFixture(t)
	program := filepath.Join(f.Root, "usr/local/bin/edge")
	write(t, program, "version 1")
	i := Install{System: f.System, Program: program, Args: []string{"--camera", "auto"}}
	require.NoError(t, i.Do())
	require.NoError(t, f.Uninstall())
	require.FileExists(t, program)
}

// After an interrupted installation, both install and uninstall work.
func TestInterrupted(t *testing.T) {
	f := newFixture(t)
	before := tree(t, f.Root)
	full := errors.New("no space left on device")
	f.Systemctl = func(...string) error { return full }
	require.ErrorIs(t, f.install(t, "version 1"), full)
	require.NoError(t, os.Remove(filepath.Join(f.Root, "etc/systemd/system/edge.service"))) // as if it had not been written
	f.Systemctl = func(...string) error { return nil }
	require.NoError(t, f.Uninstall())
	require.Equal(t, before, tree(t, f.Root))
}

// A manifest of a later version is not overwritten.
func TestLaterManifest(t *testing.T) {
	f := newFixture(t)
	write(t, filepath.Join(f.Root, manifestPath), `{"version":2}`)
	require.ErrorContains(t, f.install(t, "version 1"), "later version")
	require.ErrorContains(t, f.Uninstall(), "later version")
}

func TestNoSystem(t *testing.T) {
	f := newFixture(t)
	f.Root = t.TempDir()
	require.ErrorContains(t, f.install(t, "version 1"), "not the root of a Linux system")
	require.ErrorContains(t, f.Uninstall(), "not the root of a Linux system")
}

func TestCheckPath(t *testing.T) {
	for name, words := range map[string]string{
		"/etc/halfmeg/door.pem": "",
		"/srv/../etc/x":         "",
		"/home2/x":              "",
		"/run/credentials/edge.service/secrets_mqtt":  "",
		"/run/credentials/other.service/secrets_mqtt": "/run/credentials/edge.service",
		"door.pem":      "an absolute path",
		"../door.pem":   "an absolute path",
		"/home":         "cannot see /home: move it to /etc/halfmeg, or to /var/lib/edge if",
		"/home/pi/x":    "cannot see /home:",
		"/srv/../root/": "cannot see /root:",
		"/run/user/1/x": "cannot see /run/user:",
		"/tmp/x":        "cannot see /tmp:",
		"/var/tmp/x":    "cannot see /var/tmp:",
	} {
		if err := CheckPath(name); words == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, words, name)
		}
	}
}

func TestCheckRecord(t *testing.T) {
	for dir, words := range map[string]string{
		"/var/lib/edge": "", "/var/lib/edge/pictures/": "", "pictures": "an absolute path", "/home/pi/pictures": "only to /var/lib/edge",
		"/var/lib/edge2": "only to /var/lib/edge", "/var/lib/edge/../x": "only to /var/lib/edge",
	} {
		if err := CheckRecord(dir); words == "" {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, words, dir)
		}
	}
}
