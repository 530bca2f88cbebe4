package boundedread

import (
	"bytes"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAppend(t *testing.T) {
	data := make([]byte, 1<<20)
	for i := range data {
		data[i] = byte(i * 7)
	}
	for _, n := range []int{0, 1, chunk - 1, chunk, chunk + 1, 3 * chunk, len(data)} {
		got, err := Append([]byte("before"), bytes.NewReader(data), n)
		require.NoError(t, err)
		require.Equal(t, "before", string(got[:6]))
		require.True(t, bytes.Equal(data[:n], got[6:]), n)
	}
}

func TestAppendTellsHowItEnds(t *testing.T) {
	_, err := Append(nil, bytes.NewReader(nil), 5)
	require.ErrorIs(t, err, io.EOF)
	for _, there := range []int{1, chunk, 2*chunk + 1} {
		got, err := Append(nil, bytes.NewReader(make([]byte, there)), 1<<20)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Len(t, got, there)
	}
}

// A promise of a gigabyte that is not kept takes no gigabyte.
func TestPromisesTakeNoMemory(t *testing.T) {
	got, err := Append(nil, bytes.NewReader(make([]byte, 1000)), 1<<30)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Less(t, cap(got), 4*chunk)
}

func TestMemoryIsUsedAgain(t *testing.T) {
	const n = 3 * chunk
	r := bytes.NewReader(make([]byte, n))
	buf := make([]byte, 0, n)
	require.Zero(t, testing.AllocsPerRun(10, func() {
		r.Reset(buf[:n])
		_, err := Append(buf, r, n)
		require.NoError(t, err)
	}))
}
