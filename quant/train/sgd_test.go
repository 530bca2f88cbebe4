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

// TestUpdate: one step is -rate*(scale*g + decay*w), or with w's distance to the start
// in place of w.
func TestUpdate(t *testing.T) {
	update := func(penalty func(gradient, weights []float32)) []float32 {
		w, g := []float32{2, -1}, []float32{10, 0}
		scaleBy(g, 0.5)
		penalty(g, w)
		move(w, g, NewSGD(0.9, make([]float32, 2)), 0.1)
		return w
	}
	shrunk := update(func(g, w []float32) { decay(g, w, 0.25) })
	require.InDeltaSlice(t, []float32{2 - 0.1*(5+0.5), -1 + 0.1*0.25}, shrunk, 1e-6)
	pulled := update(func(g, w []float32) { pull(g, w, []float32{1, -1}, 0.25) })
	require.InDeltaSlice(t, []float32{2 - 0.1*(5+0.25), -1}, pulled, 1e-6)
}
