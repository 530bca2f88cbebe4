package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/doctor"
)

// findings runs doctor with --json. What this machine lacks does not matter: the result
// is only that of the named check.
func findings(t *testing.T, args ...string) (status int, byCheck map[string]doctor.Finding) {
	t.Helper()
	got := edge(t, append([]string{"doctor", "--json"}, args...)...)
	byCheck = map[string]doctor.Finding{}
	for _, f := range decodeLines[doctor.Finding](t, got.stdout) {
		byCheck[f.Check] = f
	}
	return got.status, byCheck
}

func TestDoctor(t *testing.T) {
	_, found := findings(t, "--camera", "testcard", "--listen", "127.0.0.1:0", "--record", t.TempDir())
	for check, text := range map[string]string{
		"camera": "testcard sends frames: RGB3 640x480", "self-test": "8 of 8 answers are right", "page": "is free", "record": "can be written",
	} {
		require.Equal(t, doctor.OK, found[check].Status, found[check])
		require.Contains(t, found[check].Text, text)
	}
	require.NotContains(t, found, "mqtt")
	require.Contains(t, edge(t, "doctor", "--camera", "testcard").stdout, "\nok       self-test squeezenet1.1")
}

func TestDoctorProblems(t *testing.T) {
	config := filepath.Join(t.TempDir(), "config.yaml")
	require.NoError(t, os.WriteFile(config, []byte("camera: http://name:secret@127.0.0.1:1/stream\nmodel: /no/such.sqz\nmqtt: mqtt://127.0.0.1:1\nliste: x\n"), 0o600))
	status, found := findings(t, "--config", config)
	require.Equal(t, statusFailure, status)
	for check, text := range map[string]string{
		"config": "did you mean listen?", "camera": "connection refused", "self-test": "/no/such.sqz: no such .sqz file", "mqtt": "127.0.0.1:1: ",
	} {
		require.Equal(t, doctor.Problem, found[check].Status, check)
		require.Contains(t, found[check].Text, text)
		require.NotContains(t, found[check].Text, "secret")
		require.NotEmpty(t, found[check].Cure)
	}
	require.Equal(t, statusUsage, edge(t, "doctor", "--no-such-flag").status)
	require.Contains(t, edge(t, "doctor", "http://name:secret@x").stderr, "doctor: run takes only flags: pass the address as --camera ADDRESS")
}
