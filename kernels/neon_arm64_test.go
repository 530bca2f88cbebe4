package kernels

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRuns: every run is as long as it may be, and no longer than int16 bears.
func TestRuns(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	for largest := 1; largest <= 128; largest *= 2 {
		const pairs, pair = 96, pairBytes * 4
		row := make([]int8, pairs*pair)
		for k := range row {
			row[k] = int8(r.IntN(2*largest-1) - largest + 1)
		}
		runs := runsOf(row)
		from := 0
		for n, run := range runs {
			to := from + int(run.pairs)
			require.Greater(t, to, from)
			require.LessOrEqual(t, largestInLane(row[from*pair:to*pair]), mostInRun, "pairs %d to %d", from, to)
			if n == len(runs)-1 {
				require.Equal(t, pairs, to)
				require.Equal(t, uint16(runEndsRow), run.follows)
				break
			}
			require.Greater(t, largestInLane(row[from*pair:(to+1)*pair]), mostInRun, "pairs %d to %d", from, to)
			require.Equal(t, uint16(runGoesOn), run.follows)
			from = to
		}
	}
}

// largestInLane is the largest sum of |w| that one int16 of a panel meets.
func largestInLane(row []int8) int {
	largest := 0
	for channel := range 4 {
		for lane := range 8 {
			sum := 0
			for k := channel*pairBytes + lane; k < len(row); k += 4 * pairBytes {
				for _, w := range []int8{row[k], row[k+8]} {
					sum += max(int(w), -int(w))
				}
			}
			largest = max(largest, sum)
		}
	}
	return largest
}
