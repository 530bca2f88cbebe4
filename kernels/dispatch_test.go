package kernels

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestChoose: the fastest without a wish, the one asked for, or an error that
// says what there is.
func TestChoose(t *testing.T) {
	fastest, err := choose("")
	require.NoError(t, err)
	require.Equal(t, implementations[len(implementations)-1].name, fastest.name)
	here := map[string]bool{}
	for _, i := range implementations {
		here[i.name] = true
		require.Contains(t, knownNames, i.name)
		got, err := choose(i.name)
		require.NoError(t, err)
		require.Equal(t, i.name, got.name)
	}
	for _, name := range knownNames {
		if !here[name] {
			_, err := choose(name)
			require.ErrorContains(t, err, "HALFMEG_CPU="+name+": this machine lacks it; there are kernels for generic")
		}
	}
	_, err = choose("mmx")
	require.ErrorContains(t, err, "HALFMEG_CPU=mmx: no such instruction set; there are kernels for generic")
}
