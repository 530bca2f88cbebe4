// Package testdata finds the weights and pictures that some tests need. They
// are not part of the project: they stand in a folder "shared" beside its
// root, or where the environment variable HALFMEG_SHARED says. A leaf of the tree, for
// tests of any package.
package testdata

import (
	"os"
	"path/filepath"
	"testing"
)

// Path is the full path of a file or folder of the shared data. Without the
// data the test is left out, loudly; in CI, where CI=true, that is a failure.
func Path(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(Dir(), filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("needs the shared data: %v", err)
		}
		t.Skipf("LEFT OUT: needs shared/%s beside the project (or HALFMEG_SHARED)", name)
	}
	return path
}

// Dir is the folder of the shared data, whether or not it exists.
func Dir() string {
	if dir := os.Getenv("HALFMEG_SHARED"); dir != "" {
		if filepath.IsAbs(dir) {
			return dir
		}
		return filepath.Join(root(), dir)
	}
	return filepath.Join(root(), "..", "shared")
}

// root is the nearest folder upwards that holds go.mod.
func root() string {
	dir, err := os.Getwd()
	if err != nil {
		return "."
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "."
		}
		dir = parent
	}
}
