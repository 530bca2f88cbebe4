package pihealth

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"time"
)

const (
	// interval is the time between readings. One takes less than a millisecond.
	interval = 5 * time.Second

	// quiet is how long a problem must be absent to be over. A voltage that drops
	// repeatedly is one problem.
	quiet = time.Minute

	// closeTimeout is how long Close waits for a reading: statfs of a network share or of
	// a failing disk may be stuck.
	closeTimeout = 2 * time.Second
)

// Monitor reads the state of a machine repeatedly.
type Monitor struct {
	read        func() State
	report, log func(string)
	stop        context.CancelFunc
	done        chan struct{}

	mu       sync.Mutex
	current  State
	known    bool                 // current is set
	seen     map[string]time.Time // by finding.id: when a problem was last present
	reported map[string]bool      // by finding.id
}

// NewMonitor starts to read with the function, for example a Reader's Read. It calls
// report when a problem begins, with what to do, and log when it is over. The first
// reading is after a few seconds, unless State is called before: a short run is neither
// slower nor noisier.
func NewMonitor(read func() State, report, log func(string)) *Monitor {
	ctx, stop := context.WithCancel(context.Background())
	m := &Monitor{
		read: read, report: report, log: log, stop: stop, done: make(chan struct{}),
		seen: map[string]time.Time{}, reported: map[string]bool{},
	}
	go m.run(ctx)
	return m
}

func (m *Monitor) run(ctx context.Context) {
	defer close(m.done)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			m.update(ctx)
		}
	}
}

// State returns the latest state. It reads the state if that has not happened yet.
func (m *Monitor) State() State {
	if s, known := m.latest(); known {
		return s
	}
	s := m.read() // without the lock: a reading may be stuck
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.known {
		m.current, m.known = s, true
	}
	return m.current
}

func (m *Monitor) latest() (s State, known bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.current, m.known
}

// Close ends the readings. State still returns the last one. A reading that is stuck remains
// in flight after a timeout.
func (m *Monitor) Close() error {
	m.stop()
	select {
	case <-m.done:
	case <-time.After(closeTimeout):
	}
	return nil
}

// update reads the state and reports what has changed.
func (m *Monitor) update(ctx context.Context) {
	s := m.read()
	if ctx.Err() != nil {
		return // Close no longer waits for this reading
	}
	m.mu.Lock()
	begun, over := m.set(s)
	m.mu.Unlock()
	for _, p := range begun {
		m.report(fmt.Sprintf("%s: %s", p.Text, p.Cure))
	}
	for _, text := range over {
		m.log(text)
	}
}

// set makes a state the current one. It returns the problems to report and the messages
// about those that are over. The caller holds the lock.
func (m *Monitor) set(s State) (begun []Problem, over []string) {
	if before := m.current.Throttled; m.known && before != nil && s.Throttled != nil {
		// The first dip between two readings sets only the bit of the past, which remains
		// set until the board restarts: later ones are not seen.
		low := s.isUndervolted() || *s.Throttled&^*before&(bitUndervoltage<<pastShift) != 0
		s.Undervoltage = &low
	}
	s.held = maps.Clone(m.current.held)
	if s.held == nil {
		s.held = map[string]bool{}
	}
	now, explained := time.Now(), false // explained: a cause of the consequences is present
	for _, f := range s.findings() {
		if f.level != good {
			m.seen[f.id] = now
		}
		switch {
		case f.level == bad:
			s.held[f.id] = true
		case f.level == good && now.Sub(m.seen[f.id]) >= quiet:
			delete(s.held, f.id)
		}
		switch held := s.held[f.id]; {
		case held && !m.reported[f.id] && (!f.consequence || !explained):
			m.reported[f.id] = true
			begun = append(begun, f.Problem)
		case !held && m.reported[f.id]:
			delete(m.reported, f.id)
			over = append(over, f.over)
		}
		explained = explained || s.held[f.id]
	}
	m.current, m.known = s, true
	return begun, over
}
