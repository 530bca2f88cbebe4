package flags

import (
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

func parseCamera(t *testing.T, args ...string) (Camera, error) {
	t.Helper()
	var c Camera
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	c.Add(set)
	return c, set.Parse(args)
}

func TestPatienceFlag(t *testing.T) {
	for text, want := range map[string]time.Duration{"90s": 90 * time.Second, "2m": 2 * time.Minute, "30": 30 * time.Second, "0.5": 500 * time.Millisecond} {
		c, err := parseCamera(t, "--patience", text)
		require.NoError(t, err)
		require.Equal(t, want, c.Options.Patience)
	}
	for _, text := range []string{"", "0", "-1s", "1ms", "soon"} {
		_, err := parseCamera(t, "--patience", text)
		require.ErrorContains(t, err, "expected a time of at least 100ms, such as 30s or 2m")
	}
}

func TestFingerprintFlag(t *testing.T) {
	for _, text := range []string{strings.Repeat("0aF1", 16), strings.Repeat("0A:f1:", 15) + "0a:f1"} {
		c, err := parseCamera(t, "--tls-fingerprint", text)
		require.NoError(t, err)
		require.Equal(t, strings.Repeat("\x0a\xf1", 16), string(c.Options.TLSFingerprint))
	}
	for _, text := range []string{"", "0af1", strings.Repeat("x", 64), strings.Repeat("00", 33)} {
		_, err := parseCamera(t, "--tls-fingerprint", text)
		require.ErrorContains(t, err, "64 hexadecimal digits")
	}
}

// A list in the configuration file replaces all controls.
func TestControlsAreAList(t *testing.T) {
	var c Camera
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	c.Add(set)
	list, ok := set.Lookup("control").Value.(pflag.SliceValue)
	require.True(t, ok)
	require.NoError(t, list.Append("gain=1"))
	require.NoError(t, list.Replace([]string{"exposure=300", "a=b=c"}))
	require.Equal(t, []string{"exposure=300", "a=b=c"}, list.GetSlice())
	require.Len(t, c.Options.Controls, 2)
	require.ErrorContains(t, list.Replace([]string{"gain"}), "exposure=300")
}

func TestCameras(t *testing.T) {
	for _, c := range []struct {
		selected []string
		want     []NamedCamera
	}{
		{[]string{"auto"}, []NamedCamera{{"", "auto"}}},
		{[]string{"", "0"}, []NamedCamera{{"", "0"}}},
		{[]string{"http://host/?channel=1"}, []NamedCamera{{"", "http://host/?channel=1"}}},
		{[]string{"./a=b.jpg"}, []NamedCamera{{"", "./a=b.jpg"}}},
		{[]string{"door=video0"}, []NamedCamera{{"door", "video0"}}},
		{[]string{"front door=rtsp://u:p=1@h/x", "Höfli=0"}, []NamedCamera{{"front door", "rtsp://u:p=1@h/x"}, {"Höfli", "0"}}},
	} {
		got, err := (&Camera{Selected: c.selected}).Cameras()
		require.NoError(t, err)
		require.Equal(t, c.want, got)
	}
	for _, c := range []struct {
		selected []string
		words    string
	}{
		{nil, "run needs a camera"},
		{[]string{""}, "run needs a camera"},
		{[]string{"door="}, "address is missing"},
		{[]string{"a=0", "1"}, "several cameras need names"},
		{[]string{"a=0", "A=1"}, `two cameras are named "A"`},
		{[]string{"0", "1"}, "several cameras need names"},
	} {
		_, err := (&Camera{Selected: c.selected}).Cameras()
		require.ErrorContains(t, err, c.words)
	}
}
