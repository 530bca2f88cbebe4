package metrics

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCalibrationByHand: two answers at 65 %, one of them right, and one at 95 % that
// is right.
func TestCalibrationByHand(t *testing.T) {
	at := func(p float64) []float32 { return []float32{float32(math.Log(p / (1 - p))), 0} }
	logits := [][]float32{at(0.65), at(0.65), at(0.95), at(0.95)}
	bins, expected := Calibration(logits, []int{0, 1, 0, -1})
	require.Len(t, bins, 10)
	require.Equal(t, 2, bins[6].Pictures)
	require.InDelta(t, 0.65, bins[6].Confidence, 1e-6)
	require.InDelta(t, 0.5, bins[6].Accuracy, 1e-6)
	require.Equal(t, 1, bins[9].Pictures)
	require.InDelta(t, (2*0.15+0.05)/3, expected, 1e-6)
	_, expected = Calibration(nil, nil)
	require.Zero(t, expected)
}

func TestConfusion(t *testing.T) {
	require.Equal(t, [][]int{{1, 1}, {0, 1}}, Confusion([][]float32{{1, 0}, {0, 1}, {0, 1}, {1, 0}}, []int{0, 0, 1, -1}, 2))
}

// TestTemperature: of four answers with a margin of 2, three are right. The best
// probability is 3/4, whose margin is log 3.
func TestTemperature(t *testing.T) {
	logits := [][]float32{{2, 0}, {2, 0}, {0, 2}, {2, 0}, {9, 0}}
	require.InDelta(t, math.Log(3)/2, Temperature(logits, []int{0, 0, 1, 1, -1}), 1e-6)
	require.InDelta(t, largestFactor, Temperature(logits[:2], []int{0, 0}), 1e-3)
	require.Equal(t, 1.0, Temperature(logits[:1], []int{-1}))
}
