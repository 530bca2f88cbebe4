package multipart

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

// picture returns a JPEG of noise, in which bytes of any value occur, with an Exif
// thumbnail that is a JPEG too.
func picture(t testing.TB, seed uint64) string {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 40, 40))
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range img.Pix {
		img.SetGray(i%40, i/40, color.Gray{Y: uint8(random.Uint32())})
	}
	var file bytes.Buffer
	require.NoError(t, jpeg.Encode(&file, img, &jpeg.Options{Quality: 95}))
	thumbnail := file.String()
	length := len(thumbnail) + 2
	return thumbnail[:2] + string([]byte{0xff, 0xe1, byte(length >> 8), byte(length)}) + thumbnail + thumbnail[2:]
}

// requireParts prints lengths only: parts are long.
func requireParts(t *testing.T, parts []string, want ...string) {
	t.Helper()
	lengths := func(list []string) (n []int) {
		for _, s := range list {
			n = append(n, len(s))
		}
		return n
	}
	require.Equal(t, lengths(want), lengths(parts))
	require.True(t, slices.Equal(parts, want))
}

// TestCameraStreams reads what cameras send, each variant with the same three JPEGs.
func TestCameraStreams(t *testing.T) {
	a, b, c := picture(t, 1), picture(t, 2), picture(t, 3)
	// Words in capitals are replaced: RIGHT by the length, SMALL and LARGE by wrong ones.
	const typed = "Content-Type: image/jpeg\r\n"
	const length = "Content-Length: RIGHT\r\n"
	for name, v := range map[string]struct{ contentType, first, part, end string }{
		"as declared":               {"multipart/x-mixed-replace; boundary=b", "", "--b\r\n" + typed + length + "\r\nJPEG\r\n", "--b--"},
		"other boundary":            {"multipart/x-mixed-replace; boundary=foo", "", "--frame\r\n" + typed + length + "\r\nJPEG\r\n", ""},
		"other boundary, no length": {"multipart/x-mixed-replace; boundary=foo", "", "--frame\r\n" + typed + "\r\nJPEG\r\n", ""},
		"boundary only suffix":      {"multipart/x-mixed-replace; boundary=frame", "", "--myframe\r\n" + typed + length + "\r\nJPEG\r\n", ""},
		"no boundary declared":      {"multipart/x-mixed-replace", "", "--frame\r\n" + typed + length + "\r\nJPEG\r\n", ""},
		"octet-stream":              {"application/octet-stream", "", "--ffmpeg\r\n" + typed + length + "\r\nJPEG\r\n", ""},
		"no type":                   {"", "", "--ffmpeg\r\n" + typed + "\r\nJPEG\r\n", ""},
		"no dashes":                 {"multipart/x-mixed-replace; boundary=frame", "", "frame\r\n" + typed + length + "\r\nJPEG\r\n", ""},
		"no dashes, no length":      {"multipart/x-mixed-replace; boundary=--frame", "", "frame\r\n" + typed + "\r\nJPEG\r\n", ""},
		"more dashes":               {"multipart/x-mixed-replace; boundary=frame", "", "------frame\r\n" + typed + "\r\nJPEG\r\n", ""},
		"boundary with dashes":      {"multipart/x-mixed-replace; boundary=a--b-", "", "--a--b-\r\n" + typed + "\r\nJPEG\r\n", ""},
		"only the first boundary":   {"multipart/x-mixed-replace; boundary=frame", "--frame\r\n", typed + length + "\r\nJPEG\r\n\r\n", ""},
		"first boundary, no length": {"multipart/x-mixed-replace; boundary=frame", "--frame\r\n", typed + "\r\nJPEG\r\n\r\n", ""},
		"no boundary at all":        {"multipart/x-mixed-replace; boundary=frame", "", typed + length + "\r\nJPEG", ""},
		"glued":                     {"multipart/x-mixed-replace; boundary=frame", "", "--frame\r\n" + typed + "\r\nJPEG", "--frame--"},
		"glued to padding":          {"multipart/x-mixed-replace; boundary=frame", "", "--frame\r\n" + typed + length + "\r\nJPEG\x00\x00\x00", ""},
		"line ends before":          {"multipart/x-mixed-replace; boundary=frame", "", "\r\n\r\n--frame\r\n" + typed + length + "\r\n\r\n\r\nJPEG", ""},
		"ends after each part":      {"multipart/x-mixed-replace; boundary=frame", "", "--frame\r\n" + typed + length + "\r\nJPEG\r\n--frame--\r\n", ""},
		"end as the delimiter":      {"multipart/x-mixed-replace; boundary=frame", "", "--frame--\r\n" + typed + length + "\r\nJPEG\r\n", ""},
		"no header":                 {"multipart/x-mixed-replace; boundary=frame", "", "--frame\r\n\r\nJPEG\r\n", "--frame--"},
		"no header, no line":        {"multipart/x-mixed-replace; boundary=frame", "", "--frame\r\nJPEG\r\n", "--frame--"},
		"no empty line":             {"multipart/x-mixed-replace; boundary=frame", "", "--frame\r\n" + typed + length + "JPEG\r\n", "--frame--"},
		"lines that are no header":  {"multipart/x-mixed-replace; boundary=frame", "", "--frame\r\nTue, 12 Jun 2012\r\nhello\r\n: x\r\n" + length + "\r\nJPEG\r\n", "--frame--"},
		"bare JPEGs":                {"application/octet-stream", "", "JPEG", ""},
		"bare JPEGs as multipart":   {"multipart/x-mixed-replace; boundary=frame", "", "JPEG", ""},
		"JPEGs between line ends":   {"image/jpeg", "", "\r\nJPEG\r\n", ""},
		"JPEGs with padding":        {"video/x-motion-jpeg", "", "JPEG\x00\x00\xff\xff", ""},
		"length zero":               {"multipart/x-mixed-replace; boundary=b", "", "--b\r\nContent-Length: 0\r\n\r\nJPEG\r\n", "--b--"},
		"length negative":           {"multipart/x-mixed-replace; boundary=b", "", "--b\r\nContent-Length: -1\r\n\r\nJPEG\r\n", "--b--"},
		"length too small":          {"multipart/x-mixed-replace; boundary=b", "", "--b\r\nContent-Length: SMALL\r\n\r\nJPEG\r\n", "--b--"},
		"length too large":          {"multipart/x-mixed-replace; boundary=b", "", "--b\r\nContent-Length: LARGE\r\n\r\nJPEG\r\n", "--b--"},
		"length far too large":      {"multipart/x-mixed-replace; boundary=b", "", "--b\r\nContent-Length: 9LARGE00000000\r\n\r\nJPEG\r\n", "--b--"},
		"length one":                {"multipart/x-mixed-replace; boundary=b", "", "--b\r\nContent-Length: 1\r\n\r\nJPEG\r\n", "--b--"},
		"length of words":           {"multipart/x-mixed-replace; boundary=b", "", "--b\r\nContent-Length: 12 bytes\r\n\r\nJPEG\r\n", "--b--"},
		"length one short":          {"multipart/x-mixed-replace; boundary=b", "", "--b\r\nContent-Length: SHORT\r\n\r\nJPEG\r\n", "--b--"},
		"length one long":           {"multipart/x-mixed-replace; boundary=b", "", "--b\r\nContent-Length: LONG\r\n\r\nJPEG\r\n", "--b--"},
		"length of the line end":    {"multipart/x-mixed-replace; boundary=b", "", "--b\r\nContent-Length: LINE\r\n\r\nJPEG\r\n", "--b--"},
		"one long, glued":           {"multipart/x-mixed-replace; boundary=b", "", "--b\r\nContent-Length: LONG\r\n\r\nJPEG", "--b--"},
		"quoted boundary, spaces":   {`multipart/x-mixed-replace; boundary="my boundary"`, "", "--my boundary\r\n" + typed + "\r\nJPEG\r\n", "--my boundary--"},
		"quoted, space at its end":  {`multipart/x-mixed-replace ; boundary = "--b "`, "", "--b \r\n" + typed + length + "\r\nJPEG\r\n", "--b --"},
		"unquoted, spaces":          {"multipart/x-mixed-replace;boundary=my boundary", "", "--my boundary\r\n" + typed + "\r\nJPEG\r\n", ""},
		"garbage after the JPEG":    {"multipart/x-mixed-replace; boundary=b", "", "--b\r\n" + typed + "\r\nJPEGgarbage\r\n", "--b--"},
		"lengths that differ":       {"multipart/x-mixed-replace; boundary=b", "", "--b\r\nContent-Length: 5\r\n" + length + "\r\nJPEG\r\n", "--b--"},
	} {
		t.Run(name, func(t *testing.T) {
			stream := v.first
			for _, jpeg := range []string{a, b, c} {
				n := len(jpeg)
				stream += strings.NewReplacer("JPEG", jpeg, "RIGHT", fmt.Sprint(n), "SMALL", fmt.Sprint(n-20), "LARGE", fmt.Sprint(n+30),
					"SHORT", fmt.Sprint(n-1), "LONG", fmt.Sprint(n+1), "LINE", fmt.Sprint(n+2)).Replace(v.part)
			}
			stream += v.end
			for _, r := range []io.Reader{strings.NewReader(stream), iotest.OneByteReader(strings.NewReader(stream)), iotest.DataErrReader(strings.NewReader(stream))} {
				parts, err := readAll(NewReader(r, v.contentType, limit))
				require.Equal(t, io.EOF, err)
				requireParts(t, parts, a, b, c)
			}
		})
	}
}

// TestJPEGsWithoutEOI reads JPEGs whose end is known only from the length, the
// delimiter or the next JPEG.
func TestJPEGsWithoutEOI(t *testing.T) {
	cut := func(seed uint64) string { return strings.TrimSuffix(picture(t, seed), "\xff\xd9") }
	a, b := cut(1), cut(2)
	n := fmt.Sprintf("Content-Length: %d\r\n\r\n", len(a))
	m := fmt.Sprintf("Content-Length: %d\r\n\r\n", len(b))
	for name, stream := range map[string]string{
		"with length":             "--b\r\n" + n + a + "\r\n--b\r\n" + m + b + "\r\n--b--",
		"with length, glued":      "--b\r\n" + n + a + "--b\r\n" + m + b,
		"without length":          "--b\r\n\r\n" + a + "\r\n--b\r\n\r\n" + b + "\r\n--b--\r\n",
		"without length or end":   "--b\r\n\r\n" + a + "\r\n--b\r\n\r\n" + b,
		"without length, glued":   "--b\r\n\r\n" + a + "--b\r\n\r\n" + b,
		"length too small":        "--b\r\nContent-Length: 100\r\n\r\n" + a + "\r\n--b\r\nContent-Length: 100\r\n\r\n" + b + "\r\n--b--",
		"only the first boundary": "--b\r\n" + n + a + "\r\n" + m + b + "\r\n",
		"bare":                    a + b,
	} {
		for _, r := range []io.Reader{strings.NewReader(stream), iotest.OneByteReader(strings.NewReader(stream))} {
			parts, err := readAll(NewReader(r, "multipart/x-mixed-replace; boundary=b", limit))
			require.Equal(t, io.EOF, err, name)
			t.Log(name)
			requireParts(t, parts, a, b)
		}
	}
}

// TestFrameIsReturnedAtItsEnd reads each JPEG before another byte arrives: a picture
// must not wait for the next one.
func TestFrameIsReturnedAtItsEnd(t *testing.T) {
	a, b := picture(t, 1), picture(t, 2)
	for name, before := range map[string]string{
		"bare":            "",
		"with length":     fmt.Sprintf("--b\r\nContent-Length: %d\r\n\r\n", len(a)),
		"without length":  "--b\r\n\r\n",
		"length too long": "--b\r\nContent-Length: 60000\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			r, w := io.Pipe()
			defer r.Close()
			m := NewReader(r, "multipart/x-mixed-replace; boundary=b", limit)
			for _, jpeg := range []string{a, b} {
				go func() { _, _ = io.WriteString(w, before+jpeg) }()
				got, err := m.Read(nil)
				require.NoError(t, err)
				requireParts(t, []string{string(got)}, jpeg)
			}
		})
	}
}

// TestTrustedLength reads parts without EOI as soon as their length has arrived,
// after the first one has been followed by a delimiter.
func TestTrustedLength(t *testing.T) {
	a := strings.TrimSuffix(picture(t, 1), "\xff\xd9")
	header := fmt.Sprintf("--b\r\nContent-Length: %d\r\n\r\n", len(a))
	r, w := io.Pipe()
	defer r.Close()
	m := NewReader(r, "multipart/x-mixed-replace; boundary=b", limit)
	go func() { _, _ = io.WriteString(w, header+a+"\r\n"+header+a) }()
	for range 2 {
		got, err := m.Read(nil)
		require.NoError(t, err)
		requireParts(t, []string{string(got)}, a)
	}
}

func TestJPEGErrors(t *testing.T) {
	a := picture(t, 1)
	for name, c := range map[string]struct{ stream, want string }{
		"ends in a JPEG of known length": {fmt.Sprintf("--b\r\nContent-Length: %d\r\n\r\n", len(a)) + a[:len(a)-9], "truncated"},
		"ends in the header of a JPEG":   {a[:50], "truncated"},
		"endless JPEG":                   {a[:len(a)-2] + strings.Repeat("a", limit+2*maxLine), "more than 65536 bytes"},
	} {
		_, err := readAll(NewReader(strings.NewReader(c.stream), "multipart/x-mixed-replace; boundary=b", limit))
		require.ErrorContains(t, err, c.want, name)
	}
}

// TestDamagedJPEG flips bits in a frame: the stream is in step again at its end.
func TestDamagedJPEG(t *testing.T) {
	a, b := picture(t, 1), picture(t, 2)
	rest := strings.Repeat(b, 20) // more than a segment's longest length
	for at := 2; at < len(a)-2; at += 5 {
		stream := a[:at] + string([]byte{a[at] ^ 0x55}) + a[at+1:] + rest
		parts, err := readAll(NewReader(strings.NewReader(stream), "", 4*limit))
		require.Equal(t, io.EOF, err)
		requireParts(t, parts[len(parts)-1:], b)
	}
}

func TestLongStreamIsReadInLinearTime(t *testing.T) {
	const size = 2 << 20
	body := strings.Repeat("a\n", size/2)
	stream := "--b\r\n\r\n" + body + "\r\n--b--"
	parts, err := readAll(NewReader(iotest.OneByteReader(strings.NewReader(stream)), "multipart/x-mixed-replace; boundary=b", 2*size))
	require.Equal(t, io.EOF, err)
	require.Len(t, parts, 1)
	require.Len(t, parts[0], size)
}
