package camera

import (
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/pixel"
)

// Each kind of source refuses each option that it cannot follow, by its name.
func TestOptionsThatASourceCannotFollow(t *testing.T) {
	options := map[string]Options{
		optionSize:    {Width: 640, Height: 480},
		optionRate:    {Rate: 5},
		optionFormat:  {FourCC: pixel.RGB24},
		optionControl: {Controls: []Control{{"a", "b"}}},
		optionLoop:    {Loop: true},
		optionWatch:   {Watch: true},
	}
	pipe := func(o Options) (Source, error) {
		r, _ := input(t)
		return openStandardInput(t.Context(), r, o)
	}
	named := func(name string) func(Options) (Source, error) {
		return func(o Options) (Source, error) { return Open(t.Context(), name, o) }
	}
	kinds := map[string]struct {
		open    func(Options) (Source, error)
		refused []string
	}{
		"the test card": {named(TestCard), []string{optionControl, optionLoop, optionWatch}},
		"a file":        {named(write(t, "a.png", pictureFile(t, 3))), []string{optionRate, optionControl, optionWatch}},
		"a folder":      {named(t.TempDir()), []string{optionSize, optionRate, optionControl}},
		"a pipe":        {pipe, []string{optionRate, optionControl, optionLoop, optionWatch}},
		RPiCam:          {named(RPiCam), []string{optionLoop, optionWatch}},
		"a stream":      {named("http://host.invalid/"), []string{optionSize, optionRate, optionControl, optionLoop, optionWatch}},
	}
	if noVideo() == nil {
		const missing = "/dev/video999"
		require.NoFileExists(t, missing)
		kinds["a video device"] = struct {
			open    func(Options) (Source, error)
			refused []string
		}{named(missing), []string{optionLoop, optionWatch}}
	}
	for name, kind := range kinds {
		for _, option := range kind.refused {
			_, err := kind.open(options[option])
			require.ErrorIs(t, err, ErrInvalid, "%s, %s", name, option)
			require.ErrorContains(t, err, ", not "+option, name)
		}
	}
}

func TestTheTestCardHasItsOwnFormat(t *testing.T) {
	_, err := Open(t.Context(), TestCard, Options{FourCC: pixel.YUYV})
	require.EqualError(t, err, "testcard: its frames are RGB3, not YUYV")
	require.ErrorIs(t, err, ErrInvalid)
	_, err = Open(t.Context(), TestCard, Options{Width: 1280, Height: 720})
	require.EqualError(t, err, "testcard: its frames have 640x480 pixels, not 1280x720")
	open(t, Options{Width: 640, Height: 480, FourCC: pixel.RGB24, Rate: 10})
}
