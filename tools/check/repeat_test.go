package main

import (
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The lists of packages name packages that exist.
func TestListedPackagesExist(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	list, err := exec.Command("go", "list", "./...").Output()
	require.NoError(t, err)
	all := strings.Fields(string(list))
	require.Subset(t, all, notRaced)
	for _, pattern := range slices.Concat(assemblyPackages, portablePackages, exactPackages) {
		require.True(t, slices.ContainsFunc(all, func(p string) bool { return matches(pattern, p) }), pattern)
	}
}

// matches tells whether a pattern like ./a or ./a/... includes a package.
func matches(pattern, pkg string) bool {
	dir, below := strings.CutSuffix(strings.TrimPrefix(pattern, "./"), "/...")
	rest, found := strings.CutPrefix(pkg, "halfmeg/"+dir)
	return found && (rest == "" || below && strings.HasPrefix(rest, "/"))
}

func TestConcurrentPackagesAreFound(t *testing.T) {
	t.Chdir(filepath.Join("..", ".."))
	found, err := concurrentPackages()
	require.NoError(t, err)
	t.Log(found)
	for _, pkg := range []string{"internal/parallel", "model", "quant", "camera/rpicam"} {
		require.Contains(t, found, "halfmeg/"+pkg)
	}
	require.NotContains(t, found, "halfmeg/kernels/internal/isa")
	require.NotContains(t, found, notRaced[0])
}
