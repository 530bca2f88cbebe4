//go:build unix

package main

import (
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// SIGHUP reloads the configuration file: it applies reloadable keys and names the others.
// An error changes nothing.
func TestReload(t *testing.T) {
	file := writeConfig(t, "camera: testcard\nevents: true\non: 0.9\n")
	command, stderr := startWithStderr(t, "run", "--config", file, "--listen", "127.0.0.1:0")
	require.Contains(t, readLines(t, stderr, 1), "the page is at")
	// Every reload names the keys that still need a restart.
	require.NoError(t, os.WriteFile(file, []byte("camera: testcard\nevents: true\non: 0.9\nrate: 7\n"), 0o600))
	for range 2 {
		require.NoError(t, command.Process.Signal(syscall.SIGHUP))
		require.Contains(t, readLines(t, stderr, 1), "nothing changed; restart edge for rate")
	}
	for text, want := range map[string]string{
		"camera: testcard\nevents: true\non: 0.6\ngroup: [dog]\nrate: 7\n": "configuration reloaded: group, on; restart edge for rate",
		"camera: testcard\nevents: true\non: high\n":                       "reload failed, the old configuration stays: ",
		"camera: testcard\nevents: true\ngroup: [unicorns]\n":              "reload failed, the old configuration stays: ",
		"camera: testcard\nrecord: x\nrecord-events: [unicorns]\n":         "reload failed, the old configuration stays: --record-events: ",
	} {
		require.NoError(t, os.WriteFile(file, []byte("camera: testcard\nevents: true\non: 0.9\n"), 0o600))
		require.NoError(t, command.Process.Signal(syscall.SIGHUP))
		readLines(t, stderr, 1)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		require.NoError(t, command.Process.Signal(syscall.SIGHUP))
		require.Contains(t, readLines(t, stderr, 1), want)
	}
	require.NoError(t, command.Process.Signal(os.Interrupt))
	require.NoError(t, command.Wait())
}

// Without a configuration file SIGHUP ends the program, as when its terminal is closed.
func TestHangupWithoutConfig(t *testing.T) {
	// A child starts with the default action of signals that this process handles, even if
	// nohup made this process ignore them.
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	command, stderr := startWithStderr(t, "run", "--camera", "testcard", "--listen", "127.0.0.1:0")
	readLines(t, stderr, 1)
	require.NoError(t, command.Process.Signal(syscall.SIGHUP))
	require.Error(t, command.Wait())
}
