package ffmpeg

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIsAddress(t *testing.T) {
	for name, want := range map[string]bool{
		"rtsp://camera.local/stream": true, "RTSP://camera.local": true, "rtsps://a": true, "udp://:1234": true, "srt://a:1": true,
		"http://camera.local/": false, "rtsp:/a": false, "video0": false, "file:///etc/passwd": false, "concat://a": false,
	} {
		require.Equal(t, want, IsAddress(name), name)
	}
}

func TestNames(t *testing.T) {
	for address, want := range map[string]string{
		"RTSP://me:secret@10.0.0.1:554/a?key=secret":               "rtsp://10.0.0.1:554/a",
		"rtsp://10.0.0.1/user=me&password=secret&channel=1/stream": "rtsp://10.0.0.1/…",
		"rtsp://10.0.0.1/live/user=me&password=secret":             "rtsp://10.0.0.1/live/…",
		"rtsp://10.0.0.1/me:secret/ch0":                            "rtsp://10.0.0.1/…",
		"udp://:1234":                                              "udp://:1234",
		"rtsp://me:12#secret@10.0.0.1/a":                           "rtsp://…", // url.Parse takes 12 for a port
		"rtsp://me:12?secret@10.0.0.1/a":                           "rtsp://…",
		"rtsp://me:se/cret@10.0.0.1/a":                             "rtsp://…",
		"rtsp://":                                                  "rtsp://…",
		"rtsp://a\nb":                                              "rtsp://…",
	} {
		require.Equal(t, want, Name(address), address)
	}
}

// No character of an address ends its quotes or its line in the script.
func TestScript(t *testing.T) {
	a, err := parse("rtsp://me:o'k%0A@10.0.0.1/a b?c")
	require.NoError(t, err)
	require.Equal(t, "ffconcat version 1.0\nfile 'rtsp://me:o%27k%0A@10.0.0.1/a%20b?c'\noption fpsprobesize 0\noption rtsp_transport tcp\noption allowed_media_types video\n", a.concat())
	a, err = parse("udp://:1234")
	require.NoError(t, err)
	require.Equal(t, "ffconcat version 1.0\nfile 'udp://:1234'\noption fpsprobesize 0\n", a.concat())
}

func TestRedact(t *testing.T) {
	a, err := parse("rtsp://me:top%2Fsecret@10.0.0.1/film?token=abcdef")
	require.NoError(t, err)
	for line, want := range map[string]string{
		"open 'rtsp://me:top%2Fsecret@10.0.0.1/film?token=abcdef'": "open 'rtsp://10.0.0.1/film'",
		"open rtsp://me:top":                  "open rtsp://10.0.0.1/film",
		"password top/secret or top%2Fsecret": "password … or …",
		"GET /film?token=abcdef":              "GET /film?…",
		"tcp://10.0.0.1:554?timeout=0: no":    "tcp://10.0.0.1:554 no",
		"http://user:password@other/x":        "http://other/x",
		"nothing to hide":                     "nothing to hide",
	} {
		require.Equal(t, want, a.redact(line))
	}
}

// FuzzAddress checks that an address cannot break out of its quotes in a script, and
// that its printable name has no password.
func FuzzAddress(f *testing.F) {
	f.Add("rtsp://me:secret@10.0.0.1:554/a?key=b")
	f.Add("rtsp://a/'\nfile '/etc/passwd")
	f.Add("udp://@:1234")
	f.Fuzz(func(t *testing.T, text string) {
		a, err := parse(text)
		if err != nil {
			require.ErrorIs(t, err, ErrAddress)
			return
		}
		first, rest, _ := strings.Cut(a.concat(), "\n")
		require.Equal(t, "ffconcat version 1.0", first)
		file, rest, _ := strings.Cut(rest, "\n")
		require.True(t, strings.HasPrefix(file, "file '"), file)
		require.Equal(t, len(file)-1, len("file '")+strings.Index(file[len("file '"):], "'"))
		require.NotContains(t, rest, "file")
		u, err := url.Parse(strings.TrimSuffix(a.name, "…"))
		require.NoError(t, err)
		require.Nil(t, u.User)
		require.Empty(t, u.RawQuery)
	})
}
