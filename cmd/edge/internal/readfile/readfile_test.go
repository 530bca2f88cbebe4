package readfile

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secret")
	_, err := Secret(path)
	require.ErrorIs(t, err, fs.ErrNotExist)
	for content, want := range map[string]string{
		"": "", "\r\n": "", "a b \n": "a b ", "a\r\n\n": "a", "a\nb\n": "a\nb", strings.Repeat("x", maxSecret): strings.Repeat("x", maxSecret),
	} {
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		got, err := Secret(path)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	require.NoError(t, os.WriteFile(path, make([]byte, maxSecret+1), 0o600))
	_, err = Secret(path)
	require.ErrorContains(t, err, "secret: more than 64 kB: this must be another file")
	_, err = Secret("/dev/zero")
	if !os.IsNotExist(err) {
		require.ErrorContains(t, err, "more than 64 kB", "it ends")
	}
	_, err = Bounded(t.TempDir(), 10)
	require.Error(t, err, "a folder")
}
