package camera

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/pixel"
)

func TestVideoPath(t *testing.T) {
	for name, want := range map[string]string{
		"video0": "/dev/video0", "video12": "/dev/video12", "/dev/video0": "/dev/video0", "0": "/dev/video0", "12": "/dev/video12",
		"/dev/v4l/by-id/usb-Cam": "/dev/v4l/by-id/usb-Cam",
	} {
		path, ok := videoPath(name)
		require.True(t, ok, name)
		require.Equal(t, want, path)
	}
	for _, name := range []string{"/dev/shm/a.png", "/dev/fd/63", "/dev/fd", "video", "video0.png", "videos", "Video0", "testcard", "auto", ""} {
		_, ok := videoPath(name)
		require.False(t, ok, name)
	}
}

// A file whose name is a number is that file.
func TestFileNamedByANumber(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("0", []byte(twoFrames), 0o600))
	requireNext(t, openPath(t, "0", Options{}), 0, "abcd")
}

// A shell replaces <(command) by the path of a pipe below /dev.
func TestPipeBelowDev(t *testing.T) {
	r, w := input(t)
	_, err := w.WriteString(twoFrames)
	require.NoError(t, err)
	path := fmt.Sprintf("/dev/fd/%d", r.Fd())
	if _, err := os.Stat(path); err != nil {
		t.Skip("this system has no /dev/fd")
	}
	require.NoError(t, w.Close())
	s := openPath(t, path, Options{})
	require.Equal(t, pixel.YU12, s.Format().FourCC)
}

// found are a Raspberry Pi's nodes, followed by two webcams.
var found = []SourceInfo{
	{Name: "/dev/video0", Driver: "unicam", Problem: "needs rpicam"},
	{Name: "/dev/video1", Problem: "no permission"},
	{Name: "/dev/video2", Driver: "uvcvideo"},
	{Name: "/dev/video3", Driver: "uvcvideo"},
}

func TestAutoOpensTheFirstThatOpens(t *testing.T) {
	var tried []string
	source, err := openFirst(t.Context(), found, func(f SourceInfo) (Source, error) {
		tried = append(tried, f.Name)
		if f.Name == "/dev/video2" {
			return nil, errors.New("/dev/video2: in use")
		}
		return &testCardSource{}, nil
	})
	require.NoError(t, err)
	require.IsType(t, &testCardSource{}, source)
	require.Equal(t, []string{"/dev/video2", "/dev/video3"}, tried)
}

func TestAutoReportsEveryReason(t *testing.T) {
	failing := func(f SourceInfo) (Source, error) { return nil, fmt.Errorf("%s: in use", f.Name) }
	_, err := openFirst(t.Context(), found, failing)
	require.EqualError(t, err, "no camera is available: /dev/video0 (unicam): needs rpicam; "+
		"/dev/video1: no permission; /dev/video2: in use; /dev/video3: in use")
	require.NotErrorIs(t, err, ErrPermanent)

	_, err = openFirst(t.Context(), nil, failing)
	require.EqualError(t, err, "no camera: no video device found; plug one in")
	require.NotErrorIs(t, err, ErrPermanent)
}

func TestProblemsAreListedOnce(t *testing.T) {
	var many []SourceInfo
	for i := range 5 {
		many = append(many, SourceInfo{Name: fmt.Sprintf("video%d", i), Driver: "cfe", Problem: "a part"})
	}
	many = append(many, SourceInfo{Name: "video9", Driver: "codec", Problem: "a coder"})
	require.Equal(t, []string{"video0 (cfe), video1 (cfe), video2 (cfe), 2 more: a part", "video9 (codec): a coder"}, describeProblems(many))
}

func TestAutoReportsUnsupportedOptions(t *testing.T) {
	_, err := openFirst(t.Context(), found, func(SourceInfo) (Source, error) { return nil, permanent{errors.New("no zoom")} })
	require.ErrorIs(t, err, ErrPermanent)
}

func TestAutoHonoursItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, err := openFirst(ctx, found, func(SourceInfo) (Source, error) {
		cancel()
		return nil, errors.New("in use")
	})
	require.ErrorIs(t, err, context.Canceled)
}

func TestAutoChoice(t *testing.T) {
	name, why := AutoChoice(found)
	require.Equal(t, "/dev/video2", name)
	require.NotEmpty(t, why)
	name, why = AutoChoice([]SourceInfo{found[0], {Name: TestCard}})
	require.Empty(t, name)
	if videoUnsupported() == nil {
		require.Equal(t, "/dev/video0 (unicam): needs rpicam", why)
	}
}

func TestListHasTheTestCard(t *testing.T) {
	list := List()
	last := list[len(list)-1]
	require.Equal(t, TestCard, last.Name)
	require.Equal(t, []Mode{{"RGB3", []Size{{Width: 640, Height: 480}}}}, last.Modes)
}
