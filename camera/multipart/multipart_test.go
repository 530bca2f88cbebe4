package multipart

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const limit = 1 << 16

func reader(t *testing.T, contentType, stream string) *Reader {
	t.Helper()
	r, err := NewReader(strings.NewReader(stream), contentType, limit)
	require.NoError(t, err)
	return r
}

// all are the parts up to the error that ends them.
func all(r *Reader) (parts []string, err error) {
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
	} {
		require.Equal(t, want, string(reader(t, contentType, "").boundary), contentType)
	}
	for contentType, words := range map[string]string{
		"":                                     `the type "", not`,
		"image/jpeg":                           `"image/jpeg", not multipart`,
		"text/html; boundary=frame":            `"text/html", not multipart`,
		"multipart/x-mixed-replace":            "names no boundary",
		"multipart/x-mixed-replace; boundary=": "names no boundary",
		`multipart/mixed; boundary="--"`:       "names no boundary",
	} {
		_, err := NewReader(strings.NewReader(""), contentType, limit)
		require.ErrorContains(t, err, words)
	}
}

// Streams as servers really send them, each with the parts "one" and "tw\no".
func TestStreams(t *testing.T) {
	for name, c := range map[string]struct{ boundary, stream string }{
		"by the book":               {"b", "--b\r\nContent-Type: image/jpeg\r\nContent-Length: 3\r\n\r\none\r\n--b\r\nContent-Length: 4\r\n\r\ntw\no\r\n--b--\r\n"},
		"no lengths":                {"b", "--b\r\nContent-Type: image/jpeg\r\n\r\none\r\n--b\r\n\r\ntw\no\r\n--b--\r\n"},
		"no end":                    {"b", "--b\r\nContent-Length:3\r\n\r\none\r\n--b\r\nContent-Length:4\r\n\r\ntw\no"},
		"no lines' returns":         {"b", "--b\ncontent-length: 3\n\none\n--b\n\ntw\no\n--b--"},
		"dashes in the name":        {"--b", "--b\r\nContent-Length: 3\r\n\r\none\r\n--b\r\n\r\ntw\no\r\n--b--\r\n"},
		"dashes twice":              {"--b", "----b\r\nContent-Length: 3\r\n\r\none\r\n----b\r\n\r\ntw\no\r\n----b--\r\n"},
		"a line before the first":   {"b", "\r\n--b\r\n\r\none\r\n--b\r\n\r\ntw\no\r\n--b--\r\n"},
		"words around":              {"b", "hello\r\n--b\r\n\r\none\r\n--b\r\n\r\ntw\no\r\n--b--\r\nbye\r\n--b\r\n\r\nno\r\n--b"},
		"no line end before it":     {"b", "--b\r\nContent-Length: 3\r\n\r\none--b\r\nContent-Length: 4\r\n\r\ntw\no--b--"},
		"an empty length":           {"b", "--b\r\nContent-Length:\r\n\r\none\r\n--b\r\n\r\ntw\no\r\n--b--"},
		"space after the boundary":  {"b", "--b \r\n\r\none\r\n--b\t\r\n\r\ntw\no\r\n--b-- "},
		"a boundary's first letter": {"boundary", "--boundary\n\none\n--boundary\n\ntw\no\n--boundary--"},
	} {
		parts, err := all(reader(t, "multipart/x-mixed-replace; boundary="+c.boundary, c.stream))
		require.Equal(t, io.EOF, err, name)
		require.Equal(t, []string{"one", "tw\no"}, parts, name)
	}
}

func TestDamagedStreams(t *testing.T) {
	for name, c := range map[string]struct{ stream, words string }{
		"cut in a header":     {"--b\r\nContent-Le", "cut short"},
		"cut before a body":   {"--b\r\nContent-Length: 3\r\n\r\n", "cut short"},
		"cut in a body":       {"--b\r\nContent-Length: 3\r\n\r\non", "cut short"},
		"cut without length":  {"--b\r\n\r\non", "cut short"},
		"huge length":         {"--b\r\nContent-Length: 99999999999999999999999\r\n\r\none", "more than 65536 bytes"},
		"length beyond":       {"--b\r\nContent-Length: 65537\r\n\r\none", "more than 65536 bytes"},
		"negative length":     {"--b\r\nContent-Length: -1\r\n\r\none", `length is "-1"`},
		"length of words":     {"--b\r\nContent-Length: some\r\n\r\none", `length is "some"`},
		"no end of a header":  {"--b\r\n" + strings.Repeat("a: b\r\n", 100), "more than 64 lines"},
		"endless header line": {"--b\r\n" + strings.Repeat("a", 2*maxLine), "a line of more than 4096 bytes"},
		"endless body":        {"--b\r\n\r\n" + strings.Repeat("a", limit+2*maxLine), "more than 65536 bytes"},
		"body beyond by one":  {"--b\r\n\r\n" + strings.Repeat("a", limit+1) + "\n--b", "more than 65536 bytes"},
		"another boundary":    {strings.Repeat("--c\r\n\r\none\r\n", maxBetween), `no line has the boundary "b"`},
	} {
		parts, err := all(reader(t, "multipart/x-mixed-replace; boundary=b", c.stream))
		require.ErrorContains(t, err, c.words, name)
		require.Empty(t, parts, name)
	}
}

// A part may hold lines longer than the reader's memory, with what looks like
// the boundary inside, and be as long as the limit.
func TestLongParts(t *testing.T) {
	body := strings.Repeat("a", maxLine) + "--b\n" + strings.Repeat("c", limit-maxLine-len("--b\n"))
	require.Len(t, body, limit)
	parts, err := all(reader(t, "multipart/x-mixed-replace; boundary=b", "--b\r\n\r\n"+body+"\r\n--b--"))
	require.Equal(t, io.EOF, err)
	require.Equal(t, []string{body}, parts)
}

func TestPartsCostNoGarbage(t *testing.T) {
	const parts = 20
	for _, header := range []string{"Content-Type: image/jpeg\r\nContent-Length: 10000\r\n\r\n", "Content-Type: image/jpeg\r\n\r\n"} {
		part := "--b\r\n" + header + strings.Repeat("x", 10000) + "\r\n"
		r := reader(t, "multipart/x-mixed-replace; boundary=b", strings.Repeat(part, parts+3))
		buf, err := r.Read(nil)
		require.NoError(t, err)
		require.Zero(t, testing.AllocsPerRun(parts, func() {
			buf, err = r.Read(buf)
			require.True(t, err == nil && len(buf) == 10000)
		}))
	}
}

// FuzzReader: whatever the bytes, parts are within the limit, and no more of
// them than there are lines; the end is an error of one line.
func FuzzReader(f *testing.F) {
	f.Add("multipart/x-mixed-replace; boundary=b", []byte("--b\r\nContent-Length: 3\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n"))
	f.Add(`multipart/mixed; a="x"; boundary="--b"`, []byte("--b\n\none\n--b\ncontent-length: 1\n\ntwo\n"))
	f.Fuzz(func(t *testing.T, contentType string, stream []byte) {
		const limit = 1000
		r, err := NewReader(bytes.NewReader(stream), contentType, limit)
		var buf []byte
		for parts := 0; err == nil; parts++ {
			require.LessOrEqual(t, parts, len(stream))
			if buf, err = r.Read(buf); err == nil {
				require.LessOrEqual(t, len(buf), limit)
			}
		}
		require.NotContains(t, err.Error(), "\n")
	})
}
