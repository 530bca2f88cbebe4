//go:build unix

package main

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/testcard"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/internal/rtsptest"
)

// An RTSP server sends the test card, one second of each scene.
func TestRunWithVideoStream(t *testing.T) {
	const rate = 10
	var card testcard.Card
	film := rtsptest.Encode(t, testcard.Width, testcard.Height, rate, rate*len(testcard.Scenes()), func(pix []byte, n int) {
		require.NoError(t, card.Draw(pix, time.Duration(n)*testcard.SceneTime/rate))
	})
	server := rtsptest.Start(t, film, rtsptest.Config{Name: "me", Password: "top-secret"})
	got := edge(t, "run", "--camera", server.URL(), "--frames", "40", "--json", "--exit-on-error", "--patience", "1m")
	require.Equal(t, statusOK, got.status, got.stderr)
	require.NotContains(t, got.stdout+got.stderr, "top-secret")
	scenes := map[string]bool{}
	for _, o := range decodeLines[pipeline.Observation](t, got.stdout) {
		label := o.Results[0].Label
		if i := slices.IndexFunc(testcard.Scenes(), func(scene string) bool { return testcard.Matches(scene, label) }); i >= 0 {
			scenes[testcard.Scenes()[i]] = true
		}
	}
	require.GreaterOrEqual(t, len(scenes), 3) // of four seconds

	got = edge(t, "run", "--camera", "rtsp://me:false-secret@"+server.Host()+rtsptest.Path)
	requireFailure(t, statusFailure, got, "rtsp://"+server.Host()+rtsptest.Path+": the camera rejects the name or the password of the address")
	require.NotContains(t, got.stderr, "secret")
}
