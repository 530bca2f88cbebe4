package pretrained

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryNetworkLoads(t *testing.T) {
	require.Equal(t, []string{"squeezenet1.1", "squeezenet1.0"}, Names())
	for _, name := range Names() {
		n, err := Load(name)
		require.NoError(t, err, name)
		require.Equal(t, 1000, n.Topology.Head.Classes)
		require.Len(t, n.Labels, 1000)
		require.Contains(t, n.Labels[0], "tench")
		require.Contains(t, n.Labels[999], "toilet tissue")
	}
	v11, err := Load(Default)
	require.NoError(t, err)
	require.Equal(t, "v1.1", v11.Topology.Name)
}

func TestUnknownNetworkListsAvailable(t *testing.T) {
	_, err := Load("alexnet")
	require.EqualError(t, err, `no built-in network "alexnet"; available are squeezenet1.1, squeezenet1.0`)
}
