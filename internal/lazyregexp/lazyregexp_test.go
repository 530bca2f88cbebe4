package lazyregexp

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNew(t *testing.T) {
	digits := New(`^\d+$`)
	require.True(t, digits().MatchString("12"))
	first := digits()
	require.Same(t, first, digits())
	invalid := New(`(`)
	require.Panics(t, func() { invalid() })
}
