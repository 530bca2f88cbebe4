package example

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestWrite: the same seed draws the same pictures, all different.
func TestWrite(t *testing.T) {
	a, b := t.TempDir(), t.TempDir()
	further, err := Write(a, 3, 1)
	require.NoError(t, err)
	require.Len(t, further, 3)
	_, err = Write(b, 3, 1)
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, name := range Classes() {
		entries, err := os.ReadDir(filepath.Join(a, name))
		require.NoError(t, err)
		require.Len(t, entries, 3)
		for _, e := range entries {
			one, err := os.ReadFile(filepath.Join(a, name, e.Name()))
			require.NoError(t, err)
			other, err := os.ReadFile(filepath.Join(b, name, e.Name()))
			require.NoError(t, err)
			require.Equal(t, one, other)
			require.False(t, seen[string(one)])
			seen[string(one)] = true
		}
	}
}

// TestDrawCovers: no pixel is left transparent.
func TestDrawCovers(t *testing.T) {
	for class := range Classes() {
		img := Draw(class, rand.New(rand.NewPCG(1, uint64(class))))
		for y := range height {
			for x := range width {
				_, _, _, alpha := img.At(x, y).RGBA()
				require.EqualValues(t, 0xffff, alpha, "%d,%d", x, y)
			}
		}
	}
}
