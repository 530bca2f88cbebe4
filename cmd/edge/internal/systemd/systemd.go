// Package systemd talks to the service manager that started edge: it reports that the
// service is ready or stopping, shows a status line, and feeds the watchdog. Outside a
// service of Type=notify it does nothing.
package systemd

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// Notifier sends messages to systemd, which sd_notify(3) defines. Its methods may be called
// concurrently.
type Notifier struct {
	enabled  bool
	notify   func(state string) (sent bool, err error)
	watchdog time.Duration // the service must send a message this often; 0: no watchdog
	warn     func(error)
	failed   sync.Once
}

// New returns a Notifier that reports its problems to warn.
func New(warn func(error)) *Notifier {
	n := &Notifier{enabled: InService(), notify: notify, warn: warn}
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		warn(fmt.Errorf("the watchdog is not fed: %w", err))
	}
	n.watchdog = interval
	return n
}

// notify keeps the environment: a program that edge starts cannot use the socket, because
// systemd accepts only messages of the main process (NotifyAccess=main).
func notify(state string) (bool, error) { return daemon.SdNotify(false, state) }

// Enabled reports whether systemd expects messages.
func (n *Notifier) Enabled() bool { return n.enabled }

// Ready reports that the service works. Until then "systemctl start" waits.
func (n *Notifier) Ready() { n.send(daemon.SdNotifyReady) }

// Stopping reports that the service has begun to stop.
func (n *Notifier) Stopping() { n.send(daemon.SdNotifyStopping) }

// Status sets the line that "systemctl status" shows.
func (n *Notifier) Status(text string) { n.send("STATUS=" + text) }

// feedsPerInterval is how often the watchdog is fed in its interval. sd_watchdog_enabled(3)
// recommends two; the others allow for a busy machine.
const feedsPerInterval = 4

// Feed feeds the watchdog while advances returns true, until the context ends. When it
// returns false for the whole interval, systemd kills and restarts the service; Feed warns
// after half of it.
func (n *Notifier) Feed(ctx context.Context, advances func() bool) {
	if !n.enabled || n.watchdog == 0 {
		return
	}
	ticker := time.NewTicker(n.watchdog / feedsPerInterval)
	defer ticker.Stop()
	n.send(daemon.SdNotifyWatchdog)
	stuck := 0 // ticks without an advance
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if advances() {
			stuck = 0
			n.send(daemon.SdNotifyWatchdog)
			continue
		}
		stuck++
		if stuck == feedsPerInterval/2 {
			n.warn(fmt.Errorf("no progress for %v: a call is stuck; systemd restarts edge after %v", n.watchdog/2, n.watchdog))
		}
	}
}

// send reports only its first error: the others have the same cause.
func (n *Notifier) send(state string) {
	if !n.enabled {
		return
	}
	sent, err := n.notify(state)
	if err == nil && !sent {
		err = errors.New("NOTIFY_SOCKET is not set")
	}
	if err != nil {
		n.failed.Do(func() { n.warn(fmt.Errorf("systemd is not notified: %w", err)) })
	}
}
