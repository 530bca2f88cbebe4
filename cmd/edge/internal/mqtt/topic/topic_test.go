package topic

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLevel(t *testing.T) {
	for name, want := range map[string]string{
		"tench":                   "tench",
		"great white shark":       "great_white_shark",
		"Front-Door":              "front-door",
		"a/b+c#d\x00e":            "a_b_c_d_e",
		"$SYS":                    "sys",
		"<script>alert(1)":        "script_alert_1",
		" jack-o'-lantern ":       "jack-o_-lantern",
		"":                        "x_e3b0c442",
		"##":                      "x_76a71fbe",
		"Küche":                   "k_che",
		strings.Repeat("a", 48):   strings.Repeat("a", 48),
		strings.Repeat("a", 1000): strings.Repeat("a", 39) + "_41edece4",
	} {
		require.Equal(t, want, Level(name), "%q", name)
	}
}

func TestLevelsAreDistinct(t *testing.T) {
	names := []string{"hot dog", "Hot Dog", "cat", "hot_dog", "hot/dog"}
	levels := Levels(names)
	require.Equal(t, "cat", levels[2])
	require.Equal(t, "hot_dog", levels[3], "it equals the level")
	require.Regexp(t, `^hot_dog_[0-9a-f]{8}$`, levels[0])

	slices.Reverse(names)
	reversed := Levels(names)
	slices.Reverse(reversed)
	require.Equal(t, levels, reversed, "independent of the order")

	require.Equal(t, []string{"cat", "cat_2", "cat_3"}, Levels([]string{"cat", "cat", "cat"}))
}

var valid = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)

func FuzzLevels(f *testing.F) {
	for _, seed := range []string{"tench\nTinca tinca", "a/b\n+#\n$SYS/x\n\x00", "<b>\n&lt;b&gt;\n\xff\xfe", "hot dog\nhot_dog\nHot Dog\nhot_dog_2\nhot_dog", strings.Repeat("ä", 300)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		names := strings.Split(text, "\n")
		seen := map[string]bool{}
		for _, level := range Levels(names) {
			require.Regexp(t, valid, level)
			require.False(t, seen[level], "%q twice", level)
			seen[level] = true
		}
	})
}
