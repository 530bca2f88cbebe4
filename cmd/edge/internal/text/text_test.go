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
