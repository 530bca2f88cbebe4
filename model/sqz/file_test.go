package sqz_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model/sqz"
)

// requireFiles checks which files a folder contains, including hidden ones.
func requireFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	require.Equal(t, want, names)
}

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.sqz")
	for seed := range uint64(2) { // the second replaces the first
		n := network(tiny(), seed, uniform)
		require.NoError(t, sqz.WriteFile(path, n))
		back, err := sqz.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, n, back)
		requireFiles(t, dir, "a.sqz")
	}
}

func TestWriteFileCleansUp(t *testing.T) {
	n := network(tiny(), 1, uniform)

	dir := t.TempDir()
	folder := filepath.Join(dir, "folder")
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "full"), 0o755))
	require.ErrorContains(t, sqz.WriteFile(folder, n), "folder")
	requireFiles(t, dir, "folder")

	missing := filepath.Join(dir, "missing", "a.sqz")
	require.ErrorIs(t, sqz.WriteFile(missing, n), os.ErrNotExist)
	requireFiles(t, dir, "folder")

	n.Layers[0].Weights[0] = -128
	require.Error(t, sqz.WriteFile(filepath.Join(dir, "a.sqz"), n))
	requireFiles(t, dir, "folder")
}

func TestReadFileErrors(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.sqz")
	_, err := sqz.ReadFile(path)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, path)
	require.NoError(t, os.WriteFile(path, []byte("hello, world"), 0o644))
	_, err = sqz.ReadFile(path)
	require.EqualError(t, err, path+`: not a .sqz file: it begins with "hell"`)
	_, err = sqz.ReadFile(dir)
	require.ErrorContains(t, err, dir)
}
