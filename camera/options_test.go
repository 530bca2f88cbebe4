package camera

import (
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/pixel"
)

// Each kind of source rejects each option that it does not support, by name.
func TestUnsupportedOptions(t *testing.T) {
	options := map[Option]Options{
		OptionSize:           {Width: 640, Height: 480},
		OptionRate:           {Rate: 5},
		OptionFourCC:         {FourCC: pixel.RGB24},
		OptionControls:       {Controls: []Control{{"a", "b"}}},
		OptionPatience:       {Patience: time.Minute},
		OptionTLSFingerprint: {TLSFingerprint: make([]byte, sha256.Size)},
		OptionInsecure:       {Insecure: true},
		OptionLoop:           {Loop: true},
		OptionWatch:          {Watch: true},
	}
	pipe := func(o Options) (Source, error) {
		r, _ := input(t)
		return openStandardInput(t.Context(), r, o)
	}
	named := func(name string) func(Options) (Source, error) {
		return func(o Options) (Source, error) { return Open(t.Context(), name, o) }
	}
	type kind struct {
		open        func(Options) (Source, error)
		unsupported []Option
	}
	kinds := map[string]kind{
		"the test card": {named(TestCard), []Option{OptionControls, OptionPatience, OptionTLSFingerprint, OptionInsecure, OptionLoop, OptionWatch}},
		"a file":        {named(write(t, "a.png", pictureFile(t, 3))), []Option{OptionRate, OptionControls, OptionPatience, OptionTLSFingerprint, OptionInsecure, OptionWatch}},
		"a folder":      {named(t.TempDir()), []Option{OptionSize, OptionRate, OptionControls, OptionPatience, OptionTLSFingerprint, OptionInsecure}},
		"a pipe":        {pipe, []Option{OptionRate, OptionControls, OptionPatience, OptionTLSFingerprint, OptionInsecure, OptionLoop, OptionWatch}},
		"a stream":      {named("http://host.invalid/"), []Option{OptionSize, OptionControls, OptionLoop, OptionWatch}},
	}
	if _, err := openModule(t.Context(), Options{Loop: true}); !errors.Is(err, ErrNoCamera) {
		kinds["a camera module"] = kind{named(RPiCam), []Option{OptionTLSFingerprint, OptionInsecure, OptionLoop, OptionWatch}}
	}
	if videoUnsupported() == nil {
		const missing = "/dev/video999"
		require.NoFileExists(t, missing)
		kinds["a video device"] = kind{named(missing), []Option{OptionTLSFingerprint, OptionInsecure, OptionLoop, OptionWatch}}
	}
	for name, kind := range kinds {
		for _, option := range kind.unsupported {
			_, err := kind.open(options[option])
			require.ErrorIs(t, err, ErrPermanent, "%s, %v", name, option)
			var unsupported *OptionError
			require.ErrorAs(t, err, &unsupported, "%s, %v", name, option)
			require.Equal(t, name, unsupported.Kind)
			require.Equal(t, option, unsupported.Option)
			require.ErrorContains(t, err, ", not "+option.String(), name)
		}
	}
}

func TestOptionErrorText(t *testing.T) {
	err := Options{Watch: true}.rejectUnsupported("movie.y4m", "a file", OptionSize, OptionLoop)
	require.EqualError(t, err, "movie.y4m: a file takes Width and Height, Loop, not Watch")
}

func TestTestCardFormatIsFixed(t *testing.T) {
	_, err := Open(t.Context(), TestCard, Options{FourCC: pixel.YUYV})
	require.EqualError(t, err, "testcard: its frames are RGB3, not YUYV")
	require.ErrorIs(t, err, ErrPermanent)
	_, err = Open(t.Context(), TestCard, Options{Width: 1280, Height: 720})
	require.EqualError(t, err, "testcard: its frames have 640x480 pixels, not 1280x720")
	open(t, Options{Width: 640, Height: 480, FourCC: pixel.RGB24, Rate: 10})
}

func TestPatienceAndFingerprintThatCannotBe(t *testing.T) {
	for _, o := range []Options{{Patience: -1}, {Patience: time.Millisecond}, {TLSFingerprint: []byte("short")}} {
		_, err := Open(t.Context(), TestCard, o)
		require.ErrorIs(t, err, ErrPermanent)
		require.ErrorContains(t, err, "camera: a ")
	}
}
