package jpegcut

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// Parts of JPEGs. The data of a scan contain a stuffed byte and a restart marker.
const (
	header = "\xff\xd8\xff\xe1\x00\x08\xff\xd8\xff\xd9ab" // with a thumbnail in APP1
	scan   = "\xff\xff\xda\x00\x03xdata\xff\x00more\xff\xd0\xff\x01end"
	end    = "\xff\xd9"
	jpeg   = header + scan + end
)

// cut returns all JPEGs of a stream and the error that ended it.
func cut(r io.Reader, limit int) (list []string, err error) {
	c := NewReader(bufio.NewReaderSize(r, 16), limit)
	var buf []byte
	for {
		if buf, err = c.Next(buf); err != nil {
			return list, err
		}
		list = append(list, string(buf))
	}
}

func TestStreams(t *testing.T) {
	open := header + scan // without EOI
	junk := strings.Repeat("junk \xff\xd8 ", 20)
	for name, c := range map[string]struct {
		stream string
		want   []string
	}{
		"empty":                   {"", nil},
		"no JPEG":                 {junk, nil},
		"one":                     {jpeg, []string{jpeg}},
		"three":                   {jpeg + jpeg + jpeg, []string{jpeg, jpeg, jpeg}},
		"padding":                 {jpeg + "\x00\x00\x00" + jpeg + "\x00", []string{jpeg, jpeg}},
		"junk before and between": {junk + jpeg + "\r\n--boundary\r\n" + jpeg, []string{jpeg, jpeg}},
		"without EOI":             {open + open + jpeg + open, []string{open, open, jpeg, open}},
		"EOI alone":               {jpeg + end + end, []string{jpeg}},
		"cut in a segment":        {jpeg + header[:7], []string{jpeg, header[:7]}},
		"cut in a length":         {header[:5], []string{header[:5]}},
		"cut in a marker":         {open + "\xff", []string{open + "\xff"}},
		"SOI in a scan":           {open + "\xff\xd8a" + end, []string{open + "\xff\xd8a" + end}},
		"length of 0":             {"\xff\xd8\xff\xe1\x00\x00" + end, []string{"\xff\xd8\xff\xe1\x00\x00" + end}},
	} {
		for kind, r := range map[string]io.Reader{"at once": strings.NewReader(c.stream), "bytes": iotest.OneByteReader(strings.NewReader(c.stream))} {
			got, err := cut(r, 1000)
			require.Equal(t, io.EOF, err, "%s, %s", name, kind)
			require.Equal(t, c.want, got, "%s, %s", name, kind)
		}
	}
}

func TestLimit(t *testing.T) {
	got, err := cut(strings.NewReader(jpeg+header+strings.Repeat("x", 5000)), 2000)
	require.Len(t, got, 1)
	require.EqualError(t, err, "the JPEG is longer than the limit of 0 MiB")
}

func TestReadErrors(t *testing.T) {
	broken := errors.New("broken pipe")
	for _, n := range []int{0, 1, 5, 20, len(jpeg)} {
		_, err := cut(io.MultiReader(strings.NewReader(jpeg[:n]), iotest.ErrReader(broken)), 1000)
		require.ErrorIs(t, err, broken, n)
	}
}

func TestFollows(t *testing.T) {
	for stream, want := range map[string]bool{
		"": false, "\x00\x00": false, jpeg: true, strings.Repeat("\x00", 500) + jpeg: true,
		"\r\n--b\r\n\r\n" + jpeg: true, strings.Repeat("x", 50) + jpeg: false,
	} {
		require.Equal(t, want, NewReader(bufio.NewReaderSize(strings.NewReader(stream), 64), 1000).Follows(30), "%q", stream)
	}
}

func TestMemoryIsReused(t *testing.T) {
	stream := bytes.NewReader(bytes.Repeat([]byte(jpeg), 200))
	c := NewReader(bufio.NewReader(stream), 1000)
	buf, err := c.Next(nil)
	require.NoError(t, err)
	require.Zero(t, testing.AllocsPerRun(100, func() {
		buf, err = c.Next(buf)
		require.NoError(t, err)
	}))
}

// FuzzReader checks that what is returned are disjoint parts of the stream, each
// with a start and within the limit plus a segment.
func FuzzReader(f *testing.F) {
	f.Add([]byte(jpeg + "\x00" + jpeg))
	f.Add([]byte(header + scan + header))
	f.Fuzz(func(t *testing.T, stream []byte) {
		const limit = 300
		list, _ := cut(bytes.NewReader(stream), limit)
		rest := stream
		for _, j := range list {
			require.LessOrEqual(t, len(j), limit+1<<16)
			require.True(t, bytes.HasPrefix([]byte(j), start[:2]))
			i := bytes.Index(rest, []byte(j))
			require.GreaterOrEqual(t, i, 0)
			rest = rest[i+len(j):]
		}
	})
}
