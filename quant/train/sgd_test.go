package train

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSGDFollowsTheDefinition compares some steps with momentum in float64.
func TestSGDFollowsTheDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	velocity := []float32{0}
	sgd := NewSGD(0.9, velocity)
	v := 0.0
	for step := range 50 {
		g := r.NormFloat64()
		v = 0.9*v + g
		update := []float32{float32(g)}
		rate := 0.1 / float64(step+1)
		sgd.Step(update, update, rate)
		require.InDelta(t, rate*v, update[0], 1e-6)
		require.InDelta(t, v, velocity[0], 1e-5)
	}
}

// TestMoveDecaysAndScales: one step is -rate*(scale*g + decay*w).
func TestMoveDecaysAndScales(t *testing.T) {
	w := []float32{2, -1}
	move(w, []float32{10, 0}, 0.5, 0.25, NewSGD(0.9, make([]float32, 2)), 0.1)
	require.InDeltaSlice(t, []float32{2 - 0.1*(5+0.5), -1 + 0.1*0.25}, w, 1e-6)
}
