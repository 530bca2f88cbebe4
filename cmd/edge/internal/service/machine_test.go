package service

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// elf returns the start of an ELF file for a processor.
func elf(class, order byte, machine ...byte) string {
	return "\x7fELF" + string([]byte{class, order, 1}) + strings.Repeat("\x00", 11) + string(machine) + "rest"
}

var (
	elfArm64 = elf(2, 1, 183, 0)
	elfArm   = elf(1, 1, 40, 0)
	elfAmd64 = elf(2, 1, 62, 0)
	elfS390  = elf(2, 2, 0, 22)
)

func TestReadMachine(t *testing.T) {
	for text, want := range map[string]string{
		elfArm64: "arm64", elfArm: "armv6 or armv7", elfAmd64: "amd64", elfS390: "ELF machine 22", elf(2, 1, 243, 0): "riscv64",
	} {
		m, err := readMachine(strings.NewReader(text))
		require.NoError(t, err)
		require.Equal(t, want, m.String())
	}
	for _, text := range []string{"", "#!/bin/sh\n", "#!/bin/sh\nexec edge-linux-arm64", elfArm64[:19]} {
		_, err := readMachine(strings.NewReader(text))
		require.ErrorIs(t, err, errNoELF)
	}
	program, err := os.Executable()
	require.NoError(t, err)
	f, err := os.Open(program)
	require.NoError(t, err)
	defer f.Close()
	if own, err := readMachine(f); err == nil { // this system has ELF files
		require.Contains(t, machineNames, own)
	}
}

// A program for another processor is not copied to a card.
func TestMachine(t *testing.T) {
	for _, c := range []struct{ file, system, program, words string }{
		{"usr/bin/env", elfArm64, elfArm64, ""},
		{"usr/bin/env", elfArm64, elfAmd64, "is a program for amd64, but the system in ROOT is for arm64: add --program"},
		{"usr/bin/dash", elfArm, elfArm64, "is a program for arm64, but the system in ROOT is for armv6 or armv7"},
		{"usr/bin/dash", elfArm, "#!/bin/sh", "not a program for Linux"},
	} {
		f := newFixture(t)
		write(t, filepath.Join(f.Root, c.file), c.system)
		if strings.HasSuffix(c.file, "dash") { // like Debian
			require.NoError(t, os.Mkdir(filepath.Join(f.Root, "bin"), 0o755))
			require.NoError(t, os.Symlink("../usr/bin/dash", filepath.Join(f.Root, "bin/sh")))
		}
		before := tree(t, f.Root)
		err := f.install(t, c.program)
		if c.words == "" {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, strings.ReplaceAll(c.words, "ROOT", f.Root))
		require.Equal(t, before, tree(t, f.Root))
	}
}

// A link that leads out of the system is not one of its programs.
func TestMachineOutside(t *testing.T) {
	f := newFixture(t)
	outside := filepath.Join(t.TempDir(), "sh")
	write(t, outside, elfAmd64)
	require.NoError(t, os.MkdirAll(filepath.Join(f.Root, "bin"), 0o755))
	require.NoError(t, os.Symlink(outside, filepath.Join(f.Root, "bin/sh")))
	require.NoError(t, f.install(t, elfArm64))
}

// No file makes readMachine panic, and only ELF files have a processor.
func FuzzReadMachine(f *testing.F) {
	for _, text := range []string{elfArm64, elfArm, elfS390, "\x7fELF", "#!/bin/sh\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := readMachine(strings.NewReader(text))
		if err == nil && (!strings.HasPrefix(text, "\x7fELF") || m.String() == "") {
			t.Error(m)
		}
	})
}
