package record

import (
	"encoding/json"
	"errors"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/decision"
)

// A request keeps the picture of the next frame that has one, once.
func TestRequest(t *testing.T) {
	s, warnings := newSink(t, Config{Events: []string{"robin"}})
	require.False(t, s.WantsPicture(at(0, nil)))
	s.Request("button")
	s.Request("button")
	require.True(t, s.WantsPicture(at(0, nil)))
	require.NoError(t, s.Observe(at(0.1, nil))) // queued before the request
	require.True(t, s.WantsPicture(at(0.2, nil)))
	e := appeared(3, "wren", noon)
	o := seeing(0.2, picture("requested"), e, 0.7)
	o.Frame, o.Camera, o.Answers[0].Label = 17, "door", "wren, Troglodytes"
	require.NoError(t, s.Observe(o))
	next := at(0.3, picture("next"))
	next.Camera = "door"
	require.False(t, s.WantsPicture(next))
	require.NoError(t, s.Observe(next))

	files := tree(t, s.config.Dir)
	require.Len(t, files, 2, "no line in a table")
	for name, content := range files {
		require.Regexp(t, `^2026-11-27/2026112[67]T\d{6}\.200Z-[0-9a-f]{8}-button\.(jpg|json)$`, name)
		if content == string(jpegOf("requested")) {
			continue
		}
		var got struct {
			decision.Event
			Reason string
		}
		require.NoError(t, json.Unmarshal([]byte(content), &got))
		require.Equal(t, "button", got.Reason)
		require.Equal(t, "snapshot", got.Type)
		require.Equal(t, "wren", got.Name)
		require.Equal(t, "wren, Troglodytes", got.Label)
		require.Equal(t, 3, *got.Class)
		require.Equal(t, 0.7, got.Probability)
		require.Equal(t, 17, got.Frame)
		require.Equal(t, "door", got.Camera)
		require.Equal(t, string(jpegOf("requested")), files["2026-11-27/"+got.Snapshot])
	}
	require.Equal(t, 1, s.store.events)
	require.NoError(t, s.Close())
	require.Empty(t, *warnings)
}

// Requested pictures count as events within the limits.
func TestRequestsAreLimited(t *testing.T) {
	s, _ := newSink(t, Config{MaxCount: 2})
	for i := range 5 {
		s.Request("")
		require.NoError(t, s.Observe(at(float64(i), picture("x"))))
	}
	require.Len(t, tree(t, s.config.Dir), 4)
	require.NoError(t, s.Close())
}

// A request keeps a picture of each camera that sends frames in time.
func TestRequestOfCameras(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, warnings := newSink(t, Config{})
		from := func(camera string) bool {
			o := at(1, nil)
			o.Camera = camera
			wanted := s.WantsPicture(o)
			o.Snapshot = picture(camera)
			require.NoError(t, s.Observe(o))
			return wanted
		}
		s.Request("button")
		require.True(t, from("door"))
		require.True(t, from("garden"))
		require.False(t, from("door"))
		require.Len(t, tree(t, s.config.Dir), 4)
		time.Sleep(requestTimeout + time.Second)
		require.True(t, from("attic"), "it was unplugged")
		require.False(t, from("attic"))
		require.Len(t, tree(t, s.config.Dir), 4)
		require.NoError(t, s.Close())
		require.Empty(t, *warnings)
	})
}

// A picture long after its request would show something else.
func TestOldRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, warnings := newSink(t, Config{})
		s.Request("button")
		time.Sleep(requestTimeout + time.Second)
		require.NoError(t, s.Observe(at(11, picture("late"))))
		require.False(t, s.WantsPicture(at(12, nil)))
		require.NoError(t, s.Close())
		require.Equal(t, []string{`the picture for "button" is not kept: no frame arrived within 10s`}, *warnings)
		require.Empty(t, tree(t, s.config.Dir))
	})
}

// A picture that cannot be written counts as not recorded.
func TestRequestOnFullCard(t *testing.T) {
	s, warnings := newSink(t, Config{})
	s.store.writeFile = func(*os.File, []byte) error { return errors.New("full") }
	s.Request("button")
	require.NoError(t, s.Observe(at(0, picture("x"))))
	require.Empty(t, s.active)
	require.NoError(t, s.Close())
	require.Len(t, *warnings, 2)
	require.Contains(t, (*warnings)[1], "1 event")
}
