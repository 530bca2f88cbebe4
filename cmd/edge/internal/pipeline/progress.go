package pipeline

import "sync/atomic"

// Progress reports to a watchdog whether a run advances. Each stage records its end: the
// camera, the classifier and its decision, the queues. A stage that waits for something
// outside the program declares it: the camera while it is unplugged, standard output while
// its reader is slow. Optional sinks are not stages: one that blocks loses observations,
// and the run continues.
type Progress struct {
	steps atomic.Uint64
	idle  atomic.Bool

	seen atomic.Uint64 // steps at the last call of Advances
}

// Idle declares that a wait begins, or that the run advances. Its signature is that of
// camera.WithIdle.
func (p *Progress) Idle(idle bool) {
	p.idle.Store(idle)
	p.steps.Add(1)
}

// Advances reports whether the run has advanced since the last call, or waits.
func (p *Progress) Advances() bool {
	steps := p.steps.Load()
	return p.seen.Swap(steps) != steps || p.idle.Load()
}
