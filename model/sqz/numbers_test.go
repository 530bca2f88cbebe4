package sqz

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model/sqz/internal/arith"
)

// carried writes with one coder and reads with another.
func carried(t *testing.T, carry func(coder)) {
	t.Helper()
	w := &writer{e: arith.NewEncoder(nil)}
	carry(w)
	require.NoError(t, w.err())
	r := &reader{d: arith.NewDecoder(w.e.Finish())}
	carry(r)
	require.NoError(t, r.err())
	require.True(t, r.d.AtEnd())
}

func TestNumbers(t *testing.T) {
	var numbers []uint32
	for shift := range 32 {
		numbers = append(numbers, 1<<shift-1, 1<<shift, 1<<shift+1, 1<<shift|0x55555555&(1<<shift-1))
	}
	numbers = append(numbers, math.MaxUint32)
	carried(t, func(c coder) {
		var unsigned, signed numberModel
		for _, v := range numbers {
			require.Equal(t, v, unsigned.number(c, v))
			require.Equal(t, int32(v), signed.signed(c, int32(v)))
		}
	})
}

func TestBiasesAndMultipliers(t *testing.T) {
	carried(t, func(c coder) {
		for _, v := range [][]int32{
			{0}, {0, 0, 0}, {math.MaxInt32, -math.MaxInt32}, {math.MinInt32, 0}, {-768, 1280, 0, -256}, {5},
		} {
			require.Equal(t, v, biases(c, v, len(v)))
		}
		for _, v := range [][]float32{
			{1}, {1, 1, 1}, {math.SmallestNonzeroFloat32, math.MaxFloat32}, {0.5, 0.25, 1, 3}, {1e-3, 1.1e-3, 0.9e-3},
		} {
			require.Equal(t, v, multipliers(c, v, len(v)))
		}
	})
}
