package multipart

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const limit = 1 << 16

func newReader(t *testing.T, contentType, stream string) *Reader {
	t.Helper()
	return NewReader(strings.NewReader(stream), contentType, limit)
}

// readAll returns all parts, and the error after the last.
func readAll(r *Reader) (parts []string, err error) {
	for {
		part, err := r.Read(nil)
		if err != nil {
			return parts, err
		}
		parts = append(parts, string(part))
	}
}

func TestContentTypes(t *testing.T) {
	for contentType, want := range map[string]string{
		"multipart/x-mixed-replace; boundary=frame":                      "frame",
		"multipart/x-mixed-replace;boundary=frame":                       "frame",
		"Multipart/X-Mixed-Replace; Boundary=frame":                      "frame",
		`multipart/x-mixed-replace; boundary="frame"`:                    "frame",
		`multipart/x-mixed-replace; boundary="a;b=c"; charset=x`:         "a;b=c",
		"multipart/x-mixed-replace; boundary=--frame":                    "frame",
		`multipart/x-mixed-replace; boundary="----frame"`:                "frame",
		"multipart/x-mixed-replace; charset=utf-8; boundary=frame; x=y":  "frame",
		"multipart/x-mixed-replace; boundary = frame ":                   "frame",
		"multipart/x-mixed-replace; boundary=a=b:c/d":                    "a=b:c/d",
		"multipart/mixed; boundary=0123":                                 "0123",
		`multipart/x-mixed-replace; title="boundary=no"; boundary=--yes`: "yes",
		"multipart/x-mixed-replace; boundary='frame'":                    "frame",
		"application/octet-stream":                                       "",
		"":                                                               "",
		"multipart/x-mixed-replace":                                      "",
		"multipart/x-mixed-replace; boundary=":                           "",
		`multipart/mixed; boundary="--"`:                                 "",
	} {
		require.Equal(t, want, string(newReader(t, contentType, "").boundary), contentType)
	}
}

// TestStreams reads variants that servers send, each with the parts "one" and
// "tw\no".
func TestStreams(t *testing.T) {
	for name, c := range map[string]struct{ boundary, stream string }{
		"RFC 2046 with lengths":     {"b", "--b\r\nContent-Type: image/jpeg\r\nContent-Length: 3\r\n\r\none\r\n--b\r\nContent-Length: 4\r\n\r\ntw\no\r\n--b--\r\n"},
		"no lengths":                {"b", "--b\r\nContent-Type: image/jpeg\r\n\r\none\r\n--b\r\n\r\ntw\no\r\n--b--\r\n"},
		"no last delimiter":         {"b", "--b\r\nContent-Length:3\r\n\r\none\r\n--b\r\nContent-Length:4\r\n\r\ntw\no"},
		"LF line ends":              {"b", "--b\ncontent-length: 3\n\none\n--b\n\ntw\no\n--b--"},
		"dashes in the parameter":   {"--b", "--b\r\nContent-Length: 3\r\n\r\none\r\n--b\r\n\r\ntw\no\r\n--b--\r\n"},
		"dashes in both":            {"--b", "----b\r\nContent-Length: 3\r\n\r\none\r\n----b\r\n\r\ntw\no\r\n----b--\r\n"},
		"empty line at the start":   {"b", "\r\n--b\r\n\r\none\r\n--b\r\n\r\ntw\no\r\n--b--\r\n"},
		"preamble and epilogue":     {"b", "hello\r\n--b\r\n\r\none\r\n--b\r\n\r\ntw\no\r\n--b--\r\nbye\r\n--b\r\n\r\nno\r\n--b"},
		"no line end after content": {"b", "--b\r\nContent-Length: 3\r\n\r\none--b\r\nContent-Length: 4\r\n\r\ntw\no--b--"},
		"empty length":              {"b", "--b\r\nContent-Length:\r\n\r\none\r\n--b\r\n\r\ntw\no\r\n--b--"},
		"space after the boundary":  {"b", "--b \r\n\r\none\r\n--b\t\r\n\r\ntw\no\r\n--b-- "},
		"LF and no lengths":         {"boundary", "--boundary\n\none\n--boundary\n\ntw\no\n--boundary--"},
	} {
		parts, err := readAll(newReader(t, "multipart/x-mixed-replace; boundary="+c.boundary, c.stream))
		require.Equal(t, io.EOF, err, name)
		require.Equal(t, []string{"one", "tw\no"}, parts, name)
	}
}

func TestStreamErrors(t *testing.T) {
	for name, c := range map[string]struct{ stream, want string }{
		"ends in a header":    {"--b\r\nContent-Le", "truncated"},
		"ends before a body":  {"--b\r\nContent-Length: 3\r\n\r\n", "truncated"},
		"ends in a body":      {"--b\r\nContent-Length: 3\r\n\r\non", "truncated"},
		"ends without length": {"--b\r\n\r\non", "truncated"},
		"length overflows":    {"--b\r\nContent-Length: 99999999999999999999999\r\n\r\none", "truncated"},
		"length over limit":   {"--b\r\nContent-Length: 65537\r\n\r\none", "truncated"},
		"negative length":     {"--b\r\nContent-Length: -1\r\n\r\none", "truncated"},
		"length not a number": {"--b\r\nContent-Length: some\r\n\r\none", "truncated"},
		"endless header":      {"--b\r\n" + strings.Repeat("a: b\r\n", 100), "more than 64 lines"},
		"endless header line": {"--b\r\n" + strings.Repeat("a", 2*maxLine), "has a line of more than 4096 bytes"},
		"endless body":        {"--b\r\n\r\n" + strings.Repeat("a", limit+2*maxLine), "more than 65536 bytes"},
		"body over limit":     {"--b\r\n\r\n" + strings.Repeat("a", limit+1) + "\n--b", "more than 65536 bytes"},
		"no part at all":      {strings.Repeat("some text\r\n", maxBetween/10), "neither a multipart delimiter nor a JPEG was found in 1048576 bytes"},
	} {
		parts, err := readAll(newReader(t, "multipart/x-mixed-replace; boundary=b", c.stream))
		require.ErrorContains(t, err, c.want, name)
		require.Empty(t, parts, name)
	}
}

// TestLongPart reads a part as long as the limit, with lines longer than the read
// buffer and the delimiter inside a line.
func TestLongPart(t *testing.T) {
	body := strings.Repeat("a", maxLine) + "--b\n" + strings.Repeat("c", limit-maxLine-len("--b\n"))
	require.Len(t, body, limit)
	parts, err := readAll(newReader(t, "multipart/x-mixed-replace; boundary=b", "--b\r\n\r\n"+body+"\r\n--b--"))
	require.Equal(t, io.EOF, err)
	require.Equal(t, []string{body}, parts)
}

func TestReadDoesNotAllocate(t *testing.T) {
	const parts = 20
	for _, header := range []string{"Content-Type: image/jpeg\r\nContent-Length: 10000\r\n\r\n", "Content-Type: image/jpeg\r\n\r\n"} {
		part := "--b\r\n" + header + strings.Repeat("x", 10000) + "\r\n"
		r := newReader(t, "multipart/x-mixed-replace; boundary=b", strings.Repeat(part, parts+3))
		buf, err := r.Read(nil)
		require.NoError(t, err)
		require.Zero(t, testing.AllocsPerRun(parts, func() {
			buf, err = r.Read(buf)
			require.True(t, err == nil && len(buf) == 10000)
		}))
	}
}

// FuzzReader checks that any input ends with an error of one line, that parts are
// within the limit, and that there are no more of them than bytes.
func FuzzReader(f *testing.F) {
	f.Add("multipart/x-mixed-replace; boundary=b", []byte("--b\r\nContent-Length: 3\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n"))
	f.Add(`multipart/mixed; a="x"; boundary="--b"`, []byte("--b\n\none\n--b\ncontent-length: 1\n\ntwo\n"))
	f.Fuzz(func(t *testing.T, contentType string, stream []byte) {
		const limit = 1000
		r := NewReader(bytes.NewReader(stream), contentType, limit)
		var buf []byte
		var err error
		for parts := 0; err == nil; parts++ {
			require.LessOrEqual(t, parts, len(stream))
			if buf, err = r.Read(buf); err == nil {
				require.LessOrEqual(t, len(buf), limit)
			}
		}
		require.NotContains(t, err.Error(), "\n")
	})
}
