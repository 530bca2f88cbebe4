package licenses

import (
	"flag"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the copies in the folder texts")

// The folder texts must hold exact copies of the project's own files and of the
// licences of each module that edge links on any system, and nothing else.
// "go generate ./cmd/edge/internal/licenses" writes them.
func TestCopies(t *testing.T) {
	want := sources(t)
	if *update {
		replace(t, want)
		return
	}
	require.Equal(t, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(copies(t))), "run: go generate ./cmd/edge/internal/licenses")
	for name, text := range copies(t) {
		require.Equal(t, want[name], text, "%s: run: go generate ./cmd/edge/internal/licenses", name)
	}
}

func TestWriteIncludesEveryText(t *testing.T) {
	var b strings.Builder
	require.NoError(t, Write(&b))
	for name, text := range copies(t) {
		require.Contains(t, b.String(), strings.TrimSpace(text), name)
	}
	require.Contains(t, b.String(), "github.com/spf13/cobra (LICENSE.txt)\n===")
	require.Less(t, strings.Index(b.String(), "halfmeg (NOTICE)"), strings.Index(b.String(), "cobra (LICENSE"))
}

// sources reads the original texts; the keys are their paths in this package.
func sources(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	root := output(t, "", "list", "-m", "-f", "{{.Dir}}")
	for _, name := range []string{"LICENSE", "NOTICE"} {
		texts[path.Join(projectFolder, name)] = read(t, filepath.Join(root, name))
	}
	texts[path.Join(goFolder, "LICENSE")] = read(t, filepath.Join(output(t, "", "env", "GOROOT"), "LICENSE"))
	for module, dir := range modules(t) {
		found := licenceFiles(t, dir)
		require.NotEmpty(t, found, "%s has no licence file", module)
		for _, name := range found {
			texts[path.Join(modulesFolder, module, name)] = read(t, filepath.Join(dir, name))
		}
	}
	return texts
}

// modules maps each module that edge links to its folder.
func modules(t *testing.T) map[string]string {
	t.Helper()
	const format = "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Dir}}{{end}}{{end}}"
	list := map[string]string{}
	for _, system := range []string{"linux", "darwin", "windows"} {
		for line := range strings.Lines(output(t, system, "list", "-deps", "-f", format, "halfmeg/cmd/edge")) {
			if module, dir, ok := strings.Cut(strings.TrimSpace(line), "\t"); ok {
				list[module] = dir
			}
		}
	}
	return list
}

// licenceFiles lists the licence files in a module's folder.
func licenceFiles(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		stem, _, _ := strings.Cut(e.Name(), ".")
		if !e.IsDir() && slices.Contains([]string{"LICENSE", "LICENCE", "COPYING", "NOTICE", "PATENTS"}, strings.ToUpper(stem)) {
			names = append(names, e.Name())
		}
	}
	return names
}

func copies(t *testing.T) map[string]string {
	t.Helper()
	list := map[string]string{}
	err := fs.WalkDir(texts, "texts", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := texts.ReadFile(name)
		list[name] = string(text)
		return err
	})
	require.NoError(t, err)
	return list
}

func replace(t *testing.T, list map[string]string) {
	t.Helper()
	require.NoError(t, os.RemoveAll("texts"))
	for name, text := range list {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	}
}

func output(t *testing.T, system string, args ...string) string {
	t.Helper()
	command := exec.Command("go", args...)
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if system != "" {
		command.Env = append(command.Env, "GOOS="+system)
	}
	command.Stderr = os.Stderr
	out, err := command.Output()
	require.NoError(t, err, "go %s", strings.Join(args, " "))
	return strings.TrimSpace(string(out))
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}
