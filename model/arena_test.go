package model_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model"
)

// TestLiveBuffersDoNotOverlap checks the arena of a network.
func TestLiveBuffersDoNotOverlap(t *testing.T) {
	for name, topology := range smallTopologies() {
		buffers, arena, err := model.Placements(randomNetwork(rand.New(rand.NewPCG(3, 3)), topology))
		require.NoError(t, err)
		for i, a := range buffers {
			require.LessOrEqual(t, a.To, arena)
			for _, b := range buffers[:i] {
				together := a.First <= b.Last && b.First <= a.Last
				apart := a.To <= b.From || b.To <= a.From
				require.True(t, !together || apart, "%s: buffers overlap", name)
			}
		}
	}
}
