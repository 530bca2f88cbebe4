package cameraerr

import (
	"crypto/sha256"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera"
	"halfmeg/camera/web"
)

func openError(t *testing.T, name string, o camera.Options) error {
	t.Helper()
	_, err := camera.Open(t.Context(), name, o)
	require.Error(t, err)
	return err
}

func TestExplain(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(text, []byte("some text"), 0o600))
	empty := t.TempDir()
	for _, c := range []struct {
		err  error
		want string
	}{
		{openError(t, camera.TestCard, camera.Options{Loop: true}), "testcard: the test card takes --size, --rate, --format, not --loop"},
		{openError(t, "http://host.invalid/", camera.Options{Controls: []camera.Control{{Name: "gain", Value: "1"}}}), "http://host.invalid/: a stream takes --rate, --format, --patience, --tls-fingerprint, --insecure, not --control"},
		{openError(t, text, camera.Options{}), text + `: not a picture: starts with "some text"; Y4M is read too, and raw frames with --size and --format`},
		{&camera.ContentError{Name: "film.MP4", Err: errors.New("not a picture")}, "film.MP4: not a picture; a video is read through ffmpeg: sudo apt install ffmpeg"},
		{openError(t, "rtsps://me:secret@host.invalid/a?key=secret", camera.Options{}), "rtsps://host.invalid/a: ffmpeg does not verify the certificate of this address, " +
			"so another machine could answer and read the password; --insecure accepts any"},
		{openError(t, "rtsp://host.invalid/a", camera.Options{Loop: true}), "rtsp://host.invalid/a: a video stream takes --size, --rate, --format, --patience, --insecure, not --loop"},
		{&camera.VideoError{Name: "http://host.invalid/a", Input: "http://NAME:PASSWORD@host.invalid/a?QUERY", Err: errors.New("it sends video/mp4")},
			"http://host.invalid/a: it sends video/mp4; ffmpeg converts it: " +
				"ffmpeg -i 'http://NAME:PASSWORD@host.invalid/a?QUERY' -vf fps=5,scale=640:-2 -pix_fmt yuv420p -f yuv4mpegpipe - | edge run --camera -"},
		{openError(t, empty, camera.Options{}), empty + ": the folder contains no files; --watch waits for pictures"},
	} {
		got := Explain(c.err)
		require.EqualError(t, got, c.want)
		require.ErrorIs(t, got, camera.ErrPermanent)
	}
}

func TestExplainAddsATestCardWhereThereIsNoCamera(t *testing.T) {
	err := Explain(errors.Join(camera.ErrNoCamera))
	require.EqualError(t, err, "no camera; --camera testcard works without a camera")
	require.ErrorIs(t, err, camera.ErrNoCamera)
}

func TestExplainLeavesOtherErrors(t *testing.T) {
	other := errors.New("disk full")
	require.Equal(t, other, Explain(other))
	require.NoError(t, Explain(nil))
}

func TestExplainCertificates(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	seen := sha256.Sum256(server.Certificate().Raw)
	fingerprint := web.FormatFingerprint(seen[:])
	err := Explain(openError(t, server.URL, camera.Options{}))
	require.ErrorContains(t, err, "the server's certificate is not valid")
	require.ErrorContains(t, err, "--tls-fingerprint "+fingerprint+" accepts it, SSL_CERT_FILE=camera.pem edge run … trusts the certificate in that file, and --insecure accepts any")
	require.ErrorIs(t, err, camera.ErrPermanent)
	err = Explain(openError(t, server.URL, camera.Options{TLSFingerprint: make([]byte, sha256.Size)}))
	require.ErrorContains(t, err, "is not the expected one: it has the SHA-256 fingerprint "+fingerprint)
	require.ErrorIs(t, err, camera.ErrPermanent)
	for _, o := range []camera.Options{{Insecure: true}, {TLSFingerprint: seen[:]}} {
		require.ErrorContains(t, openError(t, server.URL, o), "404 Not Found")
	}
}

func TestExplainPatience(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	defer server.Close()
	err := Explain(openError(t, server.URL, camera.Options{Patience: camera.MinPatience}))
	require.EqualError(t, err, server.URL+": no frame arrived within 100ms: the camera or the network hangs; --patience 1m waits longer")
	require.NotErrorIs(t, err, camera.ErrPermanent)
}

// The errors of the sources that auto has tried are worded, too. The test card
// is no cure for an option.
func TestExplainAuto(t *testing.T) {
	option := openError(t, camera.TestCard, camera.Options{Loop: true})
	err := Explain(&camera.AutoError{Problems: []string{"webcams: none was found"}, Errs: []error{option}})
	require.EqualError(t, err, "no camera is available: webcams: none was found; testcard: the test card takes --size, --rate, --format, not --loop")
	require.ErrorIs(t, err, camera.ErrPermanent)
	err = Explain(&camera.AutoError{Errs: []error{errors.New("in use")}})
	require.EqualError(t, err, "no camera is available: in use; --camera testcard works without a camera")
	require.NotErrorIs(t, err, camera.ErrPermanent)
}
