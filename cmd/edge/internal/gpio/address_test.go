package gpio

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseAddress(t *testing.T) {
	for text, want := range map[string]Address{
		"GPIO17": {"", "GPIO17"}, "17": {"", "17"}, "gpiochip4/17": {"gpiochip4", "17"}, "/dev/gpiochip4/17": {"gpiochip4", "17"},
	} {
		a, err := ParseAddress(text)
		require.NoError(t, err, text)
		require.Equal(t, want, a)
	}
	for _, text := range []string{"", "/", "/17", "a/b/c", "17=dog", "GPIO 17", "17,18", "gpiochip4/"} {
		_, err := ParseAddress(text)
		require.Error(t, err, text)
	}
	require.True(t, Address{Line: "17"}.Same(Address{Line: "GPIO17"}))
	require.False(t, Address{Line: "17"}.Same(Address{Chip: "gpiochip4", Line: "17"}))
	require.False(t, Address{Line: "17"}.Same(Address{Line: "18"}))
}
