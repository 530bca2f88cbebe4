package text

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestGrouped(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 387747520: "387,747,520"} {
		require.Equal(t, want, Grouped(n))
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 MB", 299_999_999: "299 MB", 999_999_999: "999 MB", 1e9: "1.0 GB", 31_250_000_000: "31.2 GB"} {
		require.Equal(t, want, Bytes(n))
	}
}

func TestCount(t *testing.T) {
	require.Equal(t, []string{"0 events", "1 event", "2 events"}, []string{Count(0, "event"), Count(1, "event"), Count(int64(2), "event")})
}
