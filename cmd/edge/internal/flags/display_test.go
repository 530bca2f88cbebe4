package flags

import (
	"image"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/display"
)

func parseDisplay(t *testing.T, args ...string) (display.Config, error) {
	t.Helper()
	var d Display
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	d.Add(set)
	if err := set.Parse(args); err != nil {
		return display.Config{}, err
	}
	return d.Config()
}

func TestDisplay(t *testing.T) {
	c, err := parseDisplay(t)
	require.NoError(t, err)
	require.Zero(t, c)

	c, err = parseDisplay(t, "--display", "ssd1306")
	require.NoError(t, err)
	require.Equal(t, display.Config{Size: image.Pt(128, 64), Bus: "/dev/i2c-1", Address: 0x3c, Contrast: 255, Info: "rate"}, c)

	c, err = parseDisplay(t, "--display", "ssd1306-128x32", "--display-bus", "/dev/i2c-3", "--display-address", "0x3D",
		"--display-rotate", "180", "--display-contrast", "100", "--display-night", "22:00-07:00", "--display-info", "none")
	require.NoError(t, err)
	require.Equal(t, display.Config{
		Size: image.Pt(128, 32), Bus: "/dev/i2c-3", Address: 0x3d, Rotate: true, Contrast: 100,
		Night: display.Hours{From: 22 * 60, To: 7 * 60}, Info: "none",
	}, c)
}

func TestInvalidDisplay(t *testing.T) {
	for words, args := range map[string][]string{
		"need --display":       {"--display-contrast", "3"},
		"expected ssd1306 or":  {"--display", "ssd1307"},
		"180 degrees only":     {"--display", "ssd1306", "--display-rotate", "90"},
		"1 to 255":             {"--display-contrast", "0"},
		"such as 22:00-07:00":  {"--display-night", "22-7"},
		"address such as 0x3c": {"--display-address", "60"},
		"such as 0x3c":         {"--display-address", "0x80"},
	} {
		_, err := parseDisplay(t, args...)
		require.ErrorContains(t, err, words)
	}
}
