package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// program is the path of the edge binary that the tests run.
var program string

func TestMain(m *testing.M) { os.Exit(buildAndTest(m)) }

func buildAndTest(m *testing.M) int {
	dir, err := os.MkdirTemp("", "edge")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program = filepath.Join(dir, "edge.exe")
	if err := os.Setenv("XDG_CONFIG_HOME", dir); err != nil { // ignore the user's configuration
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	build := exec.Command("go", "build", "-o", program, ".")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return 1
	}
	return m.Run()
}

// outcome is the output and status of a run of the program.
type outcome struct {
	stdout string
	stderr string
	status int
}

// edge runs the program with nothing on standard input.
func edge(t *testing.T, args ...string) outcome {
	t.Helper()
	return edgeReading(t, nil, args...)
}

func edgeReading(t *testing.T, stdin []byte, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	command := exec.Command(program, args...)
	command.Stdin, command.Stdout, command.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	if err := command.Run(); err != nil {
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
	}
	return outcome{stdout.String(), stderr.String(), command.ProcessState.ExitCode()}
}

// requireFailure checks that the run ended with this status and one line on
// stderr that contains these words.
func requireFailure(t *testing.T, status int, got outcome, words ...string) {
	t.Helper()
	require.Equal(t, status, got.status, "%+v", got)
	require.Equal(t, 1, strings.Count(got.stderr, "\n"), "not one line: %q", got.stderr)
	require.True(t, strings.HasPrefix(got.stderr, "edge: "), "%q", got.stderr)
	for _, w := range words {
		require.Contains(t, got.stderr, w)
	}
}

func TestWrongUsage(t *testing.T) {
	for name, c := range map[string]struct {
		args  []string
		words string
	}{
		"unknown command":       {[]string{"clasify", "a.jpg"}, `unknown command "clasify"`},
		"help for unknown":      {[]string{"help", "clasify"}, `unknown command "clasify"`},
		"unknown flag":          {[]string{"info", "--jsn"}, "unknown flag: --jsn"},
		"no picture":            {[]string{"classify"}, "needs a picture"},
		"no camera":             {[]string{"run"}, "needs a camera"},
		"an argument to run":    {[]string{"run", "testcard"}, "only flags"},
		"two networks":          {[]string{"info", "a.sqz", "b.sqz"}, "one network"},
		"an argument too many":  {[]string{"version", "please"}, "please"},
		"no classes":            {[]string{"classify", "--top", "0", "a.jpg"}, "--top"},
		"no threads":            {[]string{"classify", "--threads", "0", "a.jpg"}, "--threads"},
		"too many threads":      {[]string{"classify", "--threads", "100000", "a.jpg"}, "from 1 to 64"},
		"less than no frames":   {[]string{"run", "--camera", "testcard", "--frames", "-1"}, "--frames"},
		"frames are no number":  {[]string{"run", "--camera", "testcard", "--frames", "many"}, "whole number"},
		"half a size":           {[]string{"run", "--camera", "video0", "--size", "640"}, "640x480"},
		"no size":               {[]string{"run", "--camera", "video0", "--size", "0x0"}, "--size"},
		"no rate":               {[]string{"run", "--camera", "video0", "--rate", "0"}, "--rate"},
		"next to no rate":       {[]string{"run", "--camera", "testcard", "--rate", "1e-10"}, "from 0.01 to 1000"},
		"no pixel format":       {[]string{"run", "--camera", "video0", "--format", "JPEG2000"}, "four characters"},
		"a control's name":      {[]string{"run", "--camera", "video0", "--control", "exposure"}, "exposure=300"},
		"a flag without value":  {[]string{"classify", "a.jpg", "--model"}, "--model"},
		"a flag before command": {[]string{"--json", "info"}, "unknown flag: --json"},
	} {
		t.Run(name, func(t *testing.T) {
			got := edge(t, c.args...)
			requireFailure(t, statusUsage, got, c.words, "--help")
			require.Empty(t, got.stdout)
		})
	}
}

func TestHelp(t *testing.T) {
	require.Contains(t, edge(t).stdout, "Usage:")
	for _, command := range []string{"classify", "run", "cameras", "config", "info", "licenses", "version"} {
		got := edge(t, command, "--help")
		require.Equal(t, statusOK, got.status, got.stderr)
		require.Contains(t, got.stdout, "Examples:\n  edge "+command)
		require.Empty(t, got.stderr)
		require.Equal(t, got, edge(t, "help", command))
	}
}

func TestVersion(t *testing.T) {
	got := edge(t, "version")
	require.Equal(t, statusOK, got.status, got.stderr)
	require.Contains(t, got.stdout, runtime.Version())
	require.Contains(t, got.stdout, runtime.GOOS+"/"+runtime.GOARCH)
}

// The environment variable selects slower kernels. An instruction set that the machine
// lacks is an error.
func TestInstructionSet(t *testing.T) {
	t.Setenv("HALFMEG_CPU", "generic")
	require.Contains(t, edge(t, "version").stdout, "generic kernels")
	t.Setenv("HALFMEG_CPU", "mmx")
	for _, args := range [][]string{{"version"}, {"run", "--camera", "testcard", "--frames", "1"}} {
		requireFailure(t, statusFailure, edge(t, args...), "HALFMEG_CPU=mmx: no such instruction set", "generic")
	}
}

func TestLicenses(t *testing.T) {
	got := edge(t, "licenses")
	require.Equal(t, statusOK, got.status, got.stderr)
	for _, words := range []string{"the halfmeg authors", "WordNet 3.0 Copyright 2006", "github.com/forresti/SqueezeNet", "github.com/spf13/cobra"} {
		require.Contains(t, got.stdout, words)
	}
}

// A full disk is an error.
func TestFullDisk(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("LEFT OUT: this system has no /dev/full")
	}
	picture := writePNG(t, 64, 48)
	for _, args := range [][]string{
		{"classify", picture},
		{"classify", "--json", picture},
		{"run", "--camera", "testcard", "--frames", "1"},
		{"info"}, {"licenses"}, {"version"}, {"--help"},
	} {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		require.NoError(t, err)
		defer full.Close()
		var stderr bytes.Buffer
		command := exec.Command(program, args...)
		command.Stdout, command.Stderr = full, &stderr
		require.Error(t, command.Run(), "%q", args)
		requireFailure(t, statusFailure, outcome{stderr: stderr.String(), status: command.ProcessState.ExitCode()}, "no space left")
	}
}
