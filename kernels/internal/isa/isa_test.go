package isa

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFind: an empty name selects the fastest set, a name that set; anything
// else is an error that lists what is supported.
func TestFind(t *testing.T) {
	fastest, err := find("")
	require.NoError(t, err)
	require.Equal(t, available[len(available)-1], fastest)
	require.Equal(t, Generic, available[0])
	for _, s := range available {
		require.Contains(t, known, s)
		got, err := find(string(s))
		require.NoError(t, err)
		require.Equal(t, s, got)
	}
	for _, s := range known {
		if !slices.Contains(available, s) {
			got, err := find(string(s))
			require.Equal(t, Generic, got)
			require.ErrorContains(t, err, "HALFMEG_CPU="+string(s)+": not supported by this machine or build; supported here: generic")
		}
	}
	got, err := find("mmx")
	require.Equal(t, Generic, got)
	require.ErrorContains(t, err, "HALFMEG_CPU=mmx: no such instruction set; supported here: generic")
}
