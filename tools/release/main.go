// Release builds what is published: the Debian package, or the programs for all platforms
// with checksums and a list of their parts (SBOM).
//
//	go run ./tools/release deb
//	go run ./tools/release binaries
//
// The same commit gives the same bytes: all times are that of the commit.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"time"

	"halfmeg/tools/internal/cli"
)

const about = `Release builds what is published: release [flags] deb|binaries.
deb builds the Debian package, and needs dpkg-deb. binaries builds the program for each
platform, with SHA256SUMS and an SBOM in CycloneDX's format.`

// builder builds for one commit.
type builder struct {
	ctx     context.Context
	out     string    // folder of the results
	version string    // as Debian orders versions
	arch    string    // of the package
	time    time.Time // of the commit
}

func main() {
	b := builder{}
	flag.StringVar(&b.out, "out", "build/release", "`folder` of the results")
	flag.StringVar(&b.version, "version", "", "`version` of the package, instead of the tag or commit")
	flag.StringVar(&b.arch, "arch", "arm64", "`architecture` of the package, as Go and Debian name it")
	cli.Flags("release", about)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	b.ctx = ctx
	var build func() error
	switch strings.Join(flag.Args(), " ") {
	case "deb":
		build = b.deb
	case "binaries":
		build = b.binaries
	default:
		cli.Usage("release", "expected deb or binaries")
	}
	err := b.readCommit()
	if err == nil {
		err = build()
	}
	if err != nil {
		cli.Exit("release", err, "interrupted")
	}
}

// readCommit sets the time, and the version unless it is set: that of the tag (v1.2.3), or
// one that is older than any tag.
func (b *builder) readCommit() error {
	text, err := output(b.ctx, "git", "log", "-1", "--format=%ct %h")
	if err != nil {
		return err
	}
	seconds, hash, _ := strings.Cut(text, " ")
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return fmt.Errorf("time of the commit: %w", err)
	}
	b.time = time.Unix(n, 0).UTC()
	if b.version == "" {
		tag, _ := output(b.ctx, "git", "describe", "--tags", "--exact-match", "--match", "v[0-9]*") // fails without a tag
		b.version = version(tag, b.time, hash)
	}
	return nil
}

// version returns the version of a tag, or of an untagged commit.
func version(tag string, at time.Time, hash string) string {
	if tag != "" {
		return strings.ReplaceAll(strings.TrimPrefix(tag, "v"), "-", "~") // -rc1 is before the release
	}
	return "0~git" + at.Format("20060102.150405") + "." + hash
}

// output returns what a program writes, without the last line end.
func output(ctx context.Context, name string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSuffix(string(text), "\n"), nil
}

// run runs a program with additional environment variables, and shows its output.
func (b *builder) run(env []string, name string, args ...string) error {
	fmt.Println("$", strings.Join(append(append([]string{}, env...), append([]string{name}, args...)...), " "))
	cmd := exec.CommandContext(b.ctx, name, args...)
	cmd.Env = append(append(os.Environ(), fmt.Sprintf("SOURCE_DATE_EPOCH=%d", b.time.Unix())), env...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// goBuild builds the program for a platform.
func (b *builder) goBuild(path, commandName string, env ...string) error {
	return b.run(append([]string{"CGO_ENABLED=0", "GOOS=linux"}, env...),
		"go", "build", "-trimpath", "-ldflags=-s -w -X main.commandName="+commandName, "-o", path, "./cmd/edge")
}
