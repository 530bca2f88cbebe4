package sqz

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model/sqz/internal/arith"
)

// bothWays calls code with a writer, then with a reader of what was written.
func bothWays(t *testing.T, code func(coder)) {
	t.Helper()
	w := &writer{e: arith.NewEncoder(nil)}
	code(w)
	require.NoError(t, w.err())
	r := &reader{d: arith.NewDecoder(w.e.Finish())}
	code(r)
	require.NoError(t, r.err())
	require.True(t, r.d.AtEnd())
}

func TestNumbers(t *testing.T) {
	var numbers []uint32
	for shift := range 32 {
		numbers = append(numbers, 1<<shift-1, 1<<shift, 1<<shift+1, 1<<shift|0x55555555&(1<<shift-1))
	}
	numbers = append(numbers, math.MaxUint32)
	bothWays(t, func(c coder) {
		var unsigned, signed numberModel
		for _, v := range numbers {
			require.Equal(t, v, unsigned.unsigned(c, v))
			require.Equal(t, int32(v), signed.signed(c, int32(v)))
		}
	})
}
