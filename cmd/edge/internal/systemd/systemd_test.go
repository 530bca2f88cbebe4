package systemd

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// messages records what a Notifier sends, and its warnings.
type messages struct {
	sent, warnings []string
}

func (m *messages) notifier(watchdog time.Duration) *Notifier {
	return &Notifier{
		enabled:  true,
		watchdog: watchdog,
		notify:   func(state string) (bool, error) { m.sent = append(m.sent, state); return true, nil },
		warn:     func(err error) { m.warnings = append(m.warnings, err.Error()) },
	}
}

// The watchdog is fed four times in its interval while the run advances. A stuck run is
// reported once, and feeding resumes when it continues.
func TestFeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var m messages
		start := time.Now()
		advances := func() bool {
			s := time.Since(start)
			return s < 60*time.Second || s > 100*time.Second
		}
		ctx, cancel := context.WithTimeout(t.Context(), 121*time.Second)
		defer cancel()
		m.notifier(40*time.Second).Feed(ctx, advances)
		require.Len(t, m.sent, 1+5+2) // immediately, from 10 s to 50 s, from 110 s to 120 s
		require.Equal(t, "WATCHDOG=1", m.sent[0])
		require.Equal(t, []string{"no progress for 20s: a call is stuck; systemd restarts edge after 40s"}, m.warnings)
	})
}

func TestFeedWithoutWatchdog(t *testing.T) {
	var m messages
	m.notifier(0).Feed(t.Context(), func() bool { return true }) // returns
	require.Empty(t, m.sent)
}

// A failure to send is reported once.
func TestSendFails(t *testing.T) {
	var m messages
	n := m.notifier(0)
	n.notify = func(string) (bool, error) { return false, errors.New("no such socket") }
	n.Ready()
	n.Stopping()
	require.Equal(t, []string{"systemd is not notified: no such socket"}, m.warnings)
}
