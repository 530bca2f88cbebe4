package cameraerr

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera"
)

func openError(t *testing.T, name string, o camera.Options) error {
	t.Helper()
	_, err := camera.Open(t.Context(), name, o)
	require.Error(t, err)
	return err
}

func TestExplain(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(text, []byte("some text"), 0o600))
	empty := t.TempDir()
	for _, c := range []struct {
		err  error
		want string
	}{
		{openError(t, camera.TestCard, camera.Options{Loop: true}), "testcard: the test card takes --size, --rate, --format, not --loop"},
		{openError(t, "http://host.invalid/", camera.Options{Controls: []camera.Control{{Name: "gain", Value: "1"}}}), "http://host.invalid/: a stream takes --format, --patience, --tls-fingerprint, --insecure, not --control"},
		{openError(t, text, camera.Options{}), text + `: not a picture: starts with "some text"; Y4M is read too, and raw frames with --size and --format`},
		{openError(t, empty, camera.Options{}), empty + ": there are no files in this folder; --watch waits for pictures"},
	} {
		got := Explain(c.err)
		require.EqualError(t, got, c.want)
		require.ErrorIs(t, got, camera.ErrPermanent)
	}
}

func TestExplainAddsATestCardWhereThereIsNoCamera(t *testing.T) {
	err := Explain(errors.Join(camera.ErrNoCamera))
	require.EqualError(t, err, "no camera; --camera testcard works without a camera")
	require.ErrorIs(t, err, camera.ErrNoCamera)
}

func TestExplainLeavesOtherErrors(t *testing.T) {
	other := errors.New("disk full")
	require.Equal(t, other, Explain(other))
	require.NoError(t, Explain(nil))
}
