package sqz

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model/sqz/internal/arith"
)

func TestSquash(t *testing.T) {
	for i, v := range squashTable {
		require.InDelta(t, 65536/(1+math.Exp(-float64(i-16)/2)), float64(v), 0.5)
	}
	last := int32(0)
	for x := int32(-maxStretch); x <= maxStretch; x++ {
		p := squash(x)
		require.InDelta(t, 65536/(1+math.Exp(-float64(x)/256)), float64(p), 400)
		require.GreaterOrEqual(t, p, last)
		last = p
	}
	require.Positive(t, squash(-maxStretch))
	require.Less(t, squash(maxStretch), int32(1<<16))
}

func TestStretchIsTheInverseOfSquash(t *testing.T) {
	require.Zero(t, stretch(1<<(arith.ProbBits-1)))
	for p := uint32(1 << 12); p < 1<<arith.ProbBits-1<<12; p += 1 << 12 {
		x := stretch(p)
		require.LessOrEqual(t, squash(x), int32(p>>(arith.ProbBits-16)))
		if x < maxStretch {
			require.Greater(t, squash(x+1), int32(p>>(arith.ProbBits-16))-16)
		}
	}
}
