package web

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Passwords are hidden wherever cameras take them.
func TestNameHidesSecrets(t *testing.T) {
	for address, want := range map[string][2]string{
		"http://cam.local/video":                            {"http://cam.local/video", "http://cam.local/video"},
		"http://me:secret@cam.local:8080/video":             {"http://cam.local:8080/video", "http://NAME:PASSWORD@cam.local:8080/video"},
		"http://cam.local/snap.cgi?user=me&pwd=secret":      {"http://cam.local/snap.cgi", "http://cam.local/snap.cgi?QUERY"},
		"http://cam.local/user=me&password=secret/stream":   {"http://cam.local/…", "http://cam.local/PATH"},
		"http://cam.local/live/user%3dme%26password=secret": {"http://cam.local/live/…", "http://cam.local/live/PATH"},
		"rtsp://cam.local/me:secret/ch0":                    {"rtsp://cam.local/…", "rtsp://cam.local/PATH"},
		"http://me:%zz@cam.local":                           {"http://…", "http://…"},
	} {
		require.Equal(t, want, [2]string{Name(address), Template(address)}, address)
	}
}
