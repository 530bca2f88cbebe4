package mqtt

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/decision"
)

// Close returns although the broker hangs: it keeps the connection but does not respond.
func TestHungBroker(t *testing.T) {
	m := newMosquitto(t, anonymous)
	m.start(t)
	o := observe(t, m, "", "halfmeg/#")
	s, r := newSink(t, Config{URL: m.url()})
	o.waitFor(t, cameraTopic, "offline")
	require.Eventually(t, func() bool { _, ok, _ := s.out.next(); return !ok }, waitTimeout, 10*time.Millisecond)
	require.NoError(t, m.command.Process.Signal(syscall.SIGSTOP))
	defer func() { require.NoError(t, m.command.Process.Signal(syscall.SIGCONT)) }()
	require.NoError(t, s.Observe(frame(1, event(decision.Appeared, "1", "cat", 3))))
	require.NoError(t, s.Close(), "it returns")
	require.Equal(t, []string{"1 event did not reach the MQTT broker"}, r.all())
}
