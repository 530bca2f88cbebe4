package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed plugin/profile.c
var pluginSource []byte

// emulator runs the program under QEMU with the plugin.
type emulator struct {
	dir    string
	plugin string
	config config
}

func newEmulator(ctx context.Context, dir string, c config) (*emulator, error) {
	e := &emulator{dir: dir, plugin: filepath.Join(dir, "profile.so"), config: c}
	build := command(ctx, "gcc", "-O2", "-shared", "-fPIC", "-o", e.plugin, "-x", "c", "-")
	build.Stdin = bytes.NewReader(pluginSource)
	_, err := output(build)
	return e, err
}

// run executes the program once. What it prints goes to stderr.
func (e *emulator) run(ctx context.Context, options string) (*profile, error) {
	out := filepath.Join(e.dir, "profile.txt")
	plugin := fmt.Sprintf("file=%s,out=%s,%s", e.plugin, out, options)
	if !e.config.whole {
		plugin += ",marked=1"
	}
	cmd := command(ctx, "qemu-aarch64", append([]string{"-cpu", e.config.core, "-plugin", plugin}, e.config.program...)...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if _, err := output(cmd); err != nil {
		return nil, err
	}
	f, err := os.Open(out)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readProfile(f)
}

func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	return cmd
}

// output runs a command. Unless its output is redirected, it returns stdout,
// and an error quotes stderr.
func output(cmd *exec.Cmd) ([]byte, error) {
	var stdout, stderr bytes.Buffer
	redirect(&cmd.Stdout, &stdout)
	redirect(&cmd.Stderr, &stderr)
	err := cmd.Run()
	name := filepath.Base(cmd.Args[0])
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return nil, fmt.Errorf("needs %s; make armcycles-deps installs it", name)
	case err != nil:
		return nil, fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(stderr.String()))
	}
	return stdout.Bytes(), nil
}

func redirect(stream *io.Writer, to io.Writer) {
	if *stream == nil {
		*stream = to
	}
}
