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

// instance is one run of edge, as it introduces itself to others of the same name.
type instance struct {
	ID   string `json:"id"`
	Host string `json:"host"`
}

// maxOthers bounds how many other instances are answered.
const maxOthers = 16

// namesake notices other instances that publish under the same name. A retained
// introduction may be of an instance that is no more, so only one that comes while
// this one is listening counts. It is answered once, so that the other one notices
// too.
type namesake struct {
	self   instance
	answer func()
	report func(error)

	mu     sync.Mutex
	others map[string]bool
}

func newNamesake(host string, answer func(), report func(error)) *namesake {
	return &namesake{self: instance{ID: rand.Text(), Host: host}, answer: answer, report: report, others: map[string]bool{}}
}

// introduction is what is published.
func (n *namesake) introduction() []byte {
	payload, err := json.Marshal(n.self)
	if err != nil {
		panic(err) // two strings
	}
	return payload
}

// see is called with what was published as an introduction, by whomever.
func (n *namesake) see(payload []byte, retained bool, base string) {
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
		n.report(fmt.Errorf("another edge, on host %q, publishes under %s too: start one of them with another --mqtt-name", homeassistant.Name(other.Host), base))
	}
}

// hostName is this machine's name without its domain.
func hostName() string {
	host, err := os.Hostname()
	if err != nil {
		return "edge"
	}
	host, _, _ = strings.Cut(host, ".")
	return host
}
