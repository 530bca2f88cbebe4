package modules

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// module returns an ELF file with a section .modinfo.
func module(info string) []byte {
	const headerSize, sectionSize = 64, 64
	names := "\x00.modinfo\x00.shstrtab\x00"
	sections := []elf.Section64{
		{},
		{Name: 1, Type: uint32(elf.SHT_PROGBITS), Off: headerSize, Size: uint64(len(info))},
		{Name: 10, Type: uint32(elf.SHT_STRTAB), Off: uint64(headerSize + len(info)), Size: uint64(len(names))},
	}
	header := elf.Header64{
		Ident:   [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:    uint16(elf.ET_REL),
		Machine: uint16(elf.EM_AARCH64),
		Version: uint32(elf.EV_CURRENT),
		Shoff:   uint64(headerSize + len(info) + len(names)),
		Ehsize:  headerSize, Shentsize: sectionSize, Shnum: uint16(len(sections)), Shstrndx: 2,
	}
	var b bytes.Buffer
	// A bytes.Buffer does not fail.
	_ = binary.Write(&b, binary.LittleEndian, header)
	b.WriteString(info + names)
	_ = binary.Write(&b, binary.LittleEndian, sections)
	return b.Bytes()
}

// writeTree writes a folder of modules, given their dependencies.
func writeTree(t *testing.T, depends map[string]string) Tree {
	t.Helper()
	dir := t.TempDir()
	for path, list := range depends {
		file := filepath.Join(dir, path)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		info := "license=GPL\x00depends=" + list + "\x00vermagic=6.1\x00"
		require.NoError(t, os.WriteFile(file, module(info), 0o644))
	}
	tree, err := Open(dir)
	require.NoError(t, err)
	return tree
}

func TestOrder(t *testing.T) {
	tree := writeTree(t, map[string]string{
		"media/vivid/vivid.ko":       "videobuf2-v4l2,mc,videodev",
		"media/videobuf2-v4l2.ko":    "videobuf2-common,videodev",
		"media/videobuf2-common.ko":  "",
		"media/videodev.ko":          "mc",
		"media/mc.ko":                "",
		"media/unwanted.ko":          "mc",
		"loopback/v4l2loopback.ko":   "videodev",
		"media/videodev.ko.orig.txt": "",
	})
	got, err := tree.Order("v4l2loopback", "vivid")
	require.NoError(t, err)
	require.Equal(t, []string{"mc", "videodev", "v4l2loopback", "videobuf2_common", "videobuf2_v4l2", "vivid"}, got)
}

func TestMissingModuleIsNamedWithItsDependents(t *testing.T) {
	tree := writeTree(t, map[string]string{"a.ko": "b", "b.ko": "c"})
	_, err := tree.Order("a")
	require.EqualError(t, err, "a: b: no such kernel module: c")
}

func TestCycleIsAnError(t *testing.T) {
	tree := writeTree(t, map[string]string{"a.ko": "b", "b.ko": "a"})
	_, err := tree.Order("a")
	require.EqualError(t, err, "a: b: kernel module a depends on itself")
}

func TestInvalidModuleIsNamed(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a.ko")
	require.NoError(t, os.WriteFile(file, []byte("not ELF, though long enough for a header"), 0o644))
	tree, err := Open(dir)
	require.NoError(t, err)
	_, err = tree.Order("a")
	require.ErrorContains(t, err, file)
}

func TestDependsOf(t *testing.T) {
	for info, want := range map[string][]string{
		"":                              nil,
		"depends=":                      nil,
		"depends=\x00name=x\x00":        nil,
		"name=x\x00depends=a-b,c_d\x00": {"a_b", "c_d"},
		"softdepends=z\x00depends=a":    {"a"},
	} {
		require.Equal(t, want, dependsOf([]byte(info)), "%q", info)
	}
}

func FuzzDepends(f *testing.F) {
	f.Add(module("depends=a,b\x00"))
	f.Add(module(""))
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = depends(data) // must not panic
	})
}
