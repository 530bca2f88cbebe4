// Package debian downloads Debian packages, of other architectures too, and
// unpacks them into a folder. It installs nothing: apt works in a private root
// and uses the sources and keys of the host, or suites of the Debian archive.
// The package lists and settings of the host do not change.
package debian

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Tools are the programs that this package runs.
var Tools = []string{"apt-get", "apt-cache", "dpkg", "dpkg-deb"}

// Root is a private root of apt.
type Root struct {
	dir          string
	architecture string // of packages named without one
	host         string
	sources      []string // options of apt that replace the sources of the host
	log          io.Writer
}

// The Debian archive, and the keys that the package debian-archive-keyring installs.
const (
	archive = "http://deb.debian.org/debian"
	keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
)

// NewRoot creates a root in an empty folder and downloads the package lists of
// an architecture and of the host's. Progress goes to log. With suites, such as
// trixie-backports, the packages come from these suites of the Debian archive
// instead of the sources of the host.
func NewRoot(ctx context.Context, dir, architecture string, log io.Writer, suites ...string) (*Root, error) {
	host, err := exec.CommandContext(ctx, "dpkg", "--print-architecture").Output()
	if err != nil {
		return nil, fmt.Errorf("dpkg --print-architecture: %w", err)
	}
	r := &Root{dir: dir, architecture: architecture, host: strings.TrimSpace(string(host)), log: log}
	for _, d := range []string{"state/lists/partial", "cache/archives/partial", "packages"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return nil, err
		}
	}
	if err := r.useSuites(suites); err != nil {
		return nil, err
	}
	fmt.Fprintf(log, "downloading Debian's package lists for %s and %s\n", architecture, r.host)
	return r, r.run(r.apt(ctx, "apt-get", "update"))
}

// useSuites replaces the sources of the host, unless suites is empty.
func (r *Root) useSuites(suites []string) error {
	if len(suites) == 0 {
		return nil
	}
	var text strings.Builder
	for _, suite := range suites {
		fmt.Fprintf(&text, "deb [signed-by=%s] %s %s main\n", keyring, archive, suite)
	}
	list := filepath.Join(r.dir, "sources.list")
	r.sources = []string{"Dir::Etc::SourceList=" + list, "Dir::Etc::SourceParts=-"}
	return os.WriteFile(list, []byte(text.String()), 0o644)
}

// Depends lists the packages that one depends on.
func (r *Root) Depends(ctx context.Context, name string) ([]string, error) {
	cmd := r.apt(ctx, "apt-cache", "depends", name)
	cmd.Stderr = r.log
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("apt-cache depends %s: %w", name, err)
	}
	return parseDepends(string(text)), nil
}

// parseDepends parses the output of "apt-cache depends": the name of the
// package, then a line "  Depends: other" for each dependency. Alternatives
// have a bar before the word.
func parseDepends(text string) []string {
	var names []string
	for line := range strings.Lines(text) {
		name, ok := strings.CutPrefix(strings.TrimLeft(line, " |"), "Depends: ")
		if ok {
			names = append(names, strings.TrimSpace(name))
		}
	}
	return names
}

// ForHost names a package of the host's architecture.
func (r *Root) ForHost(name string) string { return name + ":" + r.host }

// Unpack downloads packages and unpacks them into a folder.
func (r *Root) Unpack(ctx context.Context, dir string, names ...string) error {
	fmt.Fprintln(r.log, "downloading", strings.Join(names, ", "))
	packages := filepath.Join(r.dir, "packages")
	download := r.apt(ctx, "apt-get", append([]string{"download"}, names...)...)
	download.Dir = packages
	if err := r.run(download); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(packages, "*.deb"))
	if err != nil {
		return err
	}
	for _, file := range files {
		if err := r.run(exec.CommandContext(ctx, "dpkg-deb", "-x", file, dir)); err != nil {
			return err
		}
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	return nil
}

// apt prepares a command of apt that uses this root.
func (r *Root) apt(ctx context.Context, name string, args ...string) *exec.Cmd {
	options := []string{
		"Dir::State=" + filepath.Join(r.dir, "state"),
		"Dir::Cache=" + filepath.Join(r.dir, "cache"),
		"APT::Architecture=" + r.architecture,
		"APT::Architectures=" + r.architecture + "," + r.host,
		"APT::Sandbox::User=", // the sandbox user could not write to this root
		"Acquire::Languages=none",
		"Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
		"Acquire::Retries=3",
	}
	words := []string{"-q"}
	for _, o := range append(options, r.sources...) {
		words = append(words, "-o", o)
	}
	cmd := exec.CommandContext(ctx, name, append(words, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	return cmd
}

func (r *Root) run(cmd *exec.Cmd) error {
	cmd.Stdout, cmd.Stderr = r.log, r.log
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(cmd.Path), err)
	}
	return nil
}
