package access

import (
	"net/netip"
	"sync"
	"time"
)

const (
	failureBurst = 10              // wrong tokens in a row
	failureEvery = 6 * time.Second // one more attempt after each interval
	maxClients   = 1024            // clients with an account; the others share one
)

// limiter limits the rate of wrong tokens for each client. An account counts failures;
// one expires every failureEvery (GCRA, like a leaky bucket).
type limiter struct {
	mu       sync.Mutex
	accounts map[netip.Prefix]time.Time // when the last failure expires
}

func newLimiter() *limiter { return &limiter{accounts: make(map[netip.Prefix]time.Time)} }

// wait returns how long a client must wait before its next attempt.
func (l *limiter) wait(client netip.Addr, now time.Time) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	until, known := l.accounts[l.account(client)]
	if !known {
		return 0
	}
	const limit = (failureBurst - 1) * failureEvery
	return max(0, until.Sub(now)-limit)
}

// failed counts a failure.
func (l *limiter) failed(client netip.Addr, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.accounts) >= maxClients {
		for key, until := range l.accounts {
			if !until.After(now) {
				delete(l.accounts, key)
			}
		}
	}
	key := l.account(client)
	until := l.accounts[key]
	if until.Before(now) {
		until = now
	}
	l.accounts[key] = until.Add(failureEvery)
}

// account returns the key of a client's account: its IPv4 address, or its /64 network for
// IPv6, because one client can use all addresses of that. The zero Prefix is the shared
// account.
func (l *limiter) account(client netip.Addr) netip.Prefix {
	bits := 32
	if client = client.Unmap().WithZone(""); client.Is6() {
		bits = 64
	}
	key, err := client.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	if _, known := l.accounts[key]; !known && len(l.accounts) >= maxClients {
		return netip.Prefix{}
	}
	return key
}
