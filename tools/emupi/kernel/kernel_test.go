package kernel

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// An incomplete cache is filled again.
func TestOpenRejectsAnIncompleteCache(t *testing.T) {
	dir := t.TempDir()
	_, err := open(dir)
	require.ErrorContains(t, err, "holds 0 kernels")

	image := filepath.Join(dir, imagePrefix+"6.1.0-9-arm64")
	require.NoError(t, os.WriteFile(image, nil, 0o644))
	_, err = open(dir)
	require.ErrorContains(t, err, "no such kernel module: "+loopback)

	require.NoError(t, os.WriteFile(image+"-2", nil, 0o644))
	_, err = open(dir)
	require.ErrorContains(t, err, "holds 2 kernels")
}

func TestRelocateChangesIncludesOnly(t *testing.T) {
	makefile := filepath.Join(t.TempDir(), "Makefile")
	require.NoError(t, os.WriteFile(makefile, []byte("include /usr/src/common/Makefile\nA = /usr/bin\n"), 0o644))
	require.NoError(t, workspace{root: "/unpacked"}.relocate(makefile))
	text, err := os.ReadFile(makefile)
	require.NoError(t, err)
	require.Equal(t, "include "+filepath.Join("/unpacked", "usr")+"/src/common/Makefile\nA = /usr/bin\n", string(text))
}

func TestEmulatorVersion(t *testing.T) {
	require.Equal(t, 10, emulatorVersion("QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2)\nCopyright"))
	require.Zero(t, emulatorVersion("no such program"))
}

// The board needs its device tree and a QEMU, too.
func TestOpenPiRejectsAnIncompleteCache(t *testing.T) {
	_, err := openPi(t.TempDir())
	require.ErrorContains(t, err, "holds 0 kernels")
}
