package initramfs

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The bytes of a small archive, written out by hand from the kernel's
// description of the format.
func TestArchiveByteForByte(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	w.File("/init", 0o755, []byte("hello"))
	require.NoError(t, w.Close())
	want := "070701" +
		"00000001" + "000081ED" + "00000000" + "00000000" + "00000001" + "00000000" + "00000005" +
		"00000000" + "00000000" + "00000000" + "00000000" + "00000005" + "00000000" +
		"init\x00" + "\x00" +
		"hello" + "\x00\x00\x00" +
		"070701" +
		"00000002" + "00000000" + "00000000" + "00000000" + "00000001" + "00000000" + "00000000" +
		"00000000" + "00000000" + "00000000" + "00000000" + "0000000B" + "00000000" +
		"TRAILER!!!\x00" + "\x00\x00\x00"
	require.Equal(t, want, b.String())
}

// entry is a parsed entry of an archive.
type entry struct {
	name         string
	mode         int
	major, minor int
	data         string
}

// entries parses an archive.
func entries(t *testing.T, archive string) []entry {
	t.Helper()
	var list []entry
	for archive != "" {
		require.True(t, strings.HasPrefix(archive, "070701"))
		field := func(i int) int {
			v, err := strconv.ParseUint(archive[6+8*i:14+8*i], 16, 32)
			require.NoError(t, err)
			return int(v)
		}
		size, nameSize := field(6), field(11)
		e := entry{mode: field(1), major: field(9), minor: field(10)}
		e.name = strings.TrimSuffix(archive[110:110+nameSize], "\x00")
		start := (110 + nameSize + 3) / 4 * 4
		e.data = archive[start : start+size]
		list = append(list, e)
		archive = archive[(start+size+3)/4*4:]
	}
	return list
}

func TestDirectoriesPrecedeTheirFiles(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	w.File("/test/model/a.bin", 0o644, []byte{1, 2, 3, 0})
	w.File("/test/b", 0o755, nil)
	w.CharDevice("/dev/console", 5, 1)
	require.NoError(t, w.Close())
	require.Equal(t, []entry{
		{name: "test", mode: 0o040755},
		{name: "test/model", mode: 0o040755},
		{name: "test/model/a.bin", mode: 0o100644, data: "\x01\x02\x03\x00"},
		{name: "test/b", mode: 0o100755},
		{name: "dev", mode: 0o040755},
		{name: "dev/console", mode: 0o020600, major: 5, minor: 1},
		{name: "TRAILER!!!"},
	}, entries(t, b.String()))
}

// full is a disk with room for some bytes.
type full struct{ room int }

var errFull = errors.New("no space left")

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, errFull
	}
	return len(p), nil
}

func TestCloseReturnsTheFirstError(t *testing.T) {
	w := NewWriter(&full{room: 300})
	w.File("/a", 0o644, make([]byte, 100))
	w.File("/b", 0o644, make([]byte, 100))
	require.ErrorIs(t, w.Close(), errFull)
}
