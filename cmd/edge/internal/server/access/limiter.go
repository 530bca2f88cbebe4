package access

import (
	"net/netip"
	"sync"
	"time"
)

const (
	failureBurst = 10              // wrong tokens in a row
	failureEvery = 6 * time.Second // and one more each
	maxClients   = 1024            // that are remembered; more share one account
)

// limiter limits wrong tokens, by client. Each has an account of failures, of which
// one is forgotten every failureEvery.
type limiter struct {
	mu       sync.Mutex
	accounts map[netip.Prefix]time.Time // when all failures will be forgotten
}

func newLimiter() *limiter { return &limiter{accounts: make(map[netip.Prefix]time.Time)} }

// wait is for how long a client may not try.
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

// account is the key of a client: its address, or its network of 64 bits for IPv6, of
// which a client has all addresses. The zero Prefix is for those that find no room.
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
