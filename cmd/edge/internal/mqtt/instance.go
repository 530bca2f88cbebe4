package mqtt

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"

	"halfmeg/cmd/edge/internal/homeassistant"
)

// instance identifies one run of edge to others of the same name.
type instance struct {
	ID   string `json:"id"`
	Host string `json:"host"`
}

// maxOthers limits how many other instances are remembered and answered.
const maxOthers = 16

// namesake detects other instances that publish under the same name. A retained
// announcement may be from an instance that has ended, so only announcements that are
// published while this one is subscribed count. Each is answered once, so that the other
// instance detects this one too.
type namesake struct {
	self   instance
	answer func() // publishes the announcement again
	report func(error)

	mu     sync.Mutex
	others map[string]bool
}

func newNamesake(host string, answer func(), report func(error)) *namesake {
	return &namesake{self: instance{ID: rand.Text(), Host: host}, answer: answer, report: report, others: map[string]bool{}}
}

// announcement returns the payload that announces this instance.
func (n *namesake) announcement() []byte {
	payload, err := json.Marshal(n.self)
	if err != nil {
		panic(err) // impossible for two strings
	}
	return payload
}

// received handles an announcement. Any client of the broker may have published it.
func (n *namesake) received(payload []byte, retained bool, base string) {
	var other instance
	if retained || json.Unmarshal(payload, &other) != nil || other.ID == "" || other.ID == n.self.ID {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.others[other.ID] || len(n.others) == maxOthers {
		return
	}
	n.others[other.ID] = true
	n.answer()
	if len(n.others) == 1 {
		n.report(fmt.Errorf("another edge, on host %q, also publishes under %s: start one of them with another --mqtt-name", homeassistant.Name(other.Host), base))
	}
}

// hostName returns this machine's name without its domain.
func hostName() string {
	host, err := os.Hostname()
	if err != nil {
		return "edge"
	}
	host, _, _ = strings.Cut(host, ".")
	return host
}
