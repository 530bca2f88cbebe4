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
		got, err := Append([]byte("prefix"), bytes.NewReader(data), n)
		require.NoError(t, err)
		require.Equal(t, "prefix", string(got[:6]))
		require.True(t, bytes.Equal(data[:n], got[6:]), n)
	}
}

func TestAppendEOF(t *testing.T) {
	_, err := Append(nil, bytes.NewReader(nil), 5)
	require.ErrorIs(t, err, io.EOF)
	for _, size := range []int{1, chunk, 2*chunk + 1} {
		got, err := Append(nil, bytes.NewReader(make([]byte, size)), 1<<20)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
		require.Len(t, got, size)
	}
}

// TestWrongLength announces a gigabyte and sends 1000 bytes.
func TestWrongLength(t *testing.T) {
	got, err := Append(nil, bytes.NewReader(make([]byte, 1000)), 1<<30)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	require.Less(t, cap(got), 4*chunk)
}

func TestBufferIsReused(t *testing.T) {
	const n = 3 * chunk
	r := bytes.NewReader(make([]byte, n))
	buf := make([]byte, 0, n)
	require.Zero(t, testing.AllocsPerRun(10, func() {
		r.Reset(buf[:n])
		_, err := Append(buf, r, n)
		require.NoError(t, err)
	}))
}
