//go:build !noasm

package kernels

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSplitRuns: every run is as long as possible without overflowing an int16.
func TestSplitRuns(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	for largest := 1; largest <= 128; largest *= 2 {
		const steps, step = 96, stepDepth * 4
		row := make([]int8, steps*step)
		for k := range row {
			row[k] = int8(r.IntN(2*largest-1) - largest + 1)
		}
		runs := splitRuns(row)
		from := 0
		for n, run := range runs {
			to := from + int(run.steps)
			require.Greater(t, to, from)
			require.LessOrEqual(t, largestLaneSum(row[from*step:to*step]), maxRunSum, "steps %d to %d", from, to)
			if n == len(runs)-1 {
				require.Equal(t, steps, to)
				require.Equal(t, uint16(followsNext), run.follows)
				break
			}
			require.Greater(t, largestLaneSum(row[from*step:(to+1)*step]), maxRunSum, "steps %d to %d", from, to)
			require.Equal(t, uint16(followsRow), run.follows)
			from = to
		}
	}
}

// largestLaneSum returns the largest sum of |w| that an int16 lane of a panel
// accumulates.
func largestLaneSum(row []int8) int {
	const lanes = 8
	largest := 0
	for channel := range 4 {
		for lane := range lanes {
			sum := 0
			for k := channel*stepDepth + lane; k < len(row); k += 4 * stepDepth {
				for _, w := range []int8{row[k], row[k+lanes]} {
					sum += max(int(w), -int(w))
				}
			}
			largest = max(largest, sum)
		}
	}
	return largest
}
