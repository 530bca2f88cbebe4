package nearest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOf(t *testing.T) {
	known := []string{"tench", "Tinca tinca", "bird", "Bär", "half-life", "halflife"}
	for name, want := range map[string]string{
		"tench":       "tench",
		"TENCH":       "tench",
		"tenhc":       "tench",
		"tinca-tinca": "Tinca tinca",
		"birds":       "bird",
		"bär":         "Bär",
		"bar":         "Bär",
		"halflife":    "halflife",
		"half_life":   "half-life",
		"half-lif":    "half-life",
		"bd":          "", // half would have to be added
		"elephant":    "",
		"x":           "",
		"":            "",
	} {
		require.Equal(t, want, Of(name, known), name)
	}
	require.Empty(t, Of("dog", nil))
	require.Empty(t, Of("", []string{""}))
	require.Empty(t, Of(strings.Repeat("a", 1000), []string{strings.Repeat("a", 1000)}), "too long to compare")
}

// Of several names at the same distance Of returns the first.
func TestOfSeveral(t *testing.T) {
	require.Equal(t, "cat", Of("cut", []string{"cat", "cot"}))
	require.Equal(t, "cot", Of("cut", []string{"cot", "cat"}))
}

// The result is always a known name, also for invalid UTF-8.
func FuzzOf(f *testing.F) {
	f.Add("tench", "tenhc")
	f.Add("\xff\xfe", "K\u212a")
	f.Fuzz(func(t *testing.T, name, known string) {
		if got := Of(name, []string{known}); got != "" {
			require.Equal(t, known, got)
		}
	})
}
