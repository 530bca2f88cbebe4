package camera

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSkip(t *testing.T) {
	path := write(t, "movie", twoFrames)
	s := Skip(openPath(t, path, Options{}), 1)
	requireNext(t, s, 1, "efgh")
	requireEnd(t, s)
	requireEnd(t, Skip(openPath(t, path, Options{}), 2))
	all := openPath(t, path, Options{})
	require.Same(t, all, Skip(all, 0))
}
