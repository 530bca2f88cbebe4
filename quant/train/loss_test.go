package train

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCrossEntropyIsStable: logits far beyond what exp can take have the loss and
// the slope of the definition.
func TestCrossEntropyIsStable(t *testing.T) {
	for _, c := range []struct {
		logits, target []float32
		loss           float64
		slope          []float32
	}{
		{[]float32{0, 0}, []float32{1, 0}, math.Ln2, []float32{-0.5, 0.5}},
		{[]float32{1000, 0}, []float32{0, 1}, 1000, []float32{1, -1}},
		{[]float32{-1e30, 1e30}, []float32{0, 1}, 0, []float32{0, 0}},
		{[]float32{-3e4, -3e4}, []float32{0.5, 0.5}, math.Ln2, []float32{0, 0}},
		{[]float32{7}, []float32{1}, 0, []float32{0}},
	} {
		slope := make([]float32, len(c.logits))
		require.InDelta(t, c.loss, crossEntropy{}.evaluate(slope, c.logits, c.target), 1e-9)
		require.InDeltaSlice(t, c.slope, slope, 1e-6)
	}
	nan := float32(math.NaN())
	require.True(t, math.IsNaN(crossEntropy{}.evaluate(make([]float32, 2), []float32{nan, 1}, []float32{0, 1})))
}

// TestSmoothedTargets: the smallest loss is at the smoothed distribution.
func TestSmoothedTargets(t *testing.T) {
	l := crossEntropy{smoothing: 0.2, weights: []float32{1, 3, 1, 1}}
	target := []float32{0, 1, 0, 0}
	logits := []float32{0, float32(math.Log(0.85 * 3 / 0.05)), 0, 0} // 0.85*3 to 0.05*1
	slope := make([]float32, 4)
	loss := l.evaluate(slope, logits, target)
	require.InDeltaSlice(t, []float32{0, 0, 0, 0}, slope, 1e-6)
	logits[1] += 0.1
	require.Greater(t, l.evaluate(slope, logits, target), loss)
	logits[1] -= 0.2
	require.Greater(t, l.evaluate(slope, logits, target), loss)
}

// TestSoftmax: probabilities, also of logits that exp cannot take.
func TestSoftmax(t *testing.T) {
	require.InDeltaSlice(t, []float32{0.25, 0.75}, Softmax([]float32{1000, 1000 + float32(math.Log(3))}), 1e-4)
	require.Equal(t, []float32{1, 0}, Softmax([]float32{0, -1e30}))
}
