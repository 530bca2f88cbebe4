// Package testdata locates the weights and pictures that some tests need. They
// are not part of the repository: they are in a folder "shared" next to it, or
// where the environment variable HALFMEG_SHARED points.
package testdata

import (
	"os"
	"path/filepath"
	"testing"
)

// Path returns the full path of a file or folder of the shared data. If it does
// not exist the test is skipped, or fails in CI (CI=true).
func Path(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(Dir(), filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("needs the shared data: %v", err)
		}
		t.Skipf("LEFT OUT: needs shared/%s next to the project (or in $HALFMEG_SHARED)", name)
	}
	return path
}

// Dir returns the folder of the shared data, which may not exist. A relative
// HALFMEG_SHARED is relative to the root of the module, so that it means the
// same folder to every package's tests.
func Dir() string {
	if dir := os.Getenv("HALFMEG_SHARED"); dir != "" {
		if filepath.IsAbs(dir) {
			return dir
		}
		return filepath.Join(root(), dir)
	}
	return filepath.Join(root(), "..", "shared")
}

// root returns the root of the module: tests run in the folder of their package.
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
