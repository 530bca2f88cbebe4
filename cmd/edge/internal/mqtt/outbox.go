package mqtt

import (
	"bytes"
	"slices"
	"sync"
)

// maxEvents and maxEventBytes limit the queue of events. It holds the events of hours.
const (
	maxEvents     = 1000
	maxEventBytes = 1 << 20
)

// message is a message to publish.
type message struct {
	topic   string
	payload []byte
	retain  bool
	number  uint64 // unique in the outbox
}

// outbox holds the messages to publish. Events are queued. A retained topic has only its
// latest value, which is kept so that it can be published again to a broker that has lost
// it.
type outbox struct {
	changed chan struct{} // receives after a change; has a buffer of one

	mu      sync.Mutex
	number  uint64 // of the last message
	events  []message
	bytes   int // payloads of events
	dropped int // events, since the last call of takeDropped
	slots   map[string]*slot
	order   []string // the keys of slots, as they were added
	closed  bool
}

// slot is a retained topic.
type slot struct {
	value   []byte    // the latest
	pending []message // not published yet; the last one has the value
}

func newOutbox() *outbox {
	return &outbox{changed: make(chan struct{}, 1), slots: map[string]*slot{}}
}

// event enqueues a message that is not retained. It drops the oldest ones beyond the
// limits.
func (o *outbox) event(topic string, payload []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.events = append(o.events, o.newMessage(topic, payload, false))
	o.bytes += len(payload)
	for len(o.events) > 1 && (len(o.events) > maxEvents || o.bytes > maxEventBytes) {
		o.bytes -= len(o.events[0].payload)
		o.events[0] = message{}
		o.events = o.events[1:]
		o.dropped++
	}
	o.wake()
}

// retain sets the value of a topic. Several payloads are published one after the other,
// and the last is the value. A value that has not changed is not published again.
func (o *outbox) retain(topic string, payloads ...[]byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.slots[topic]
	if s == nil {
		s = &slot{}
		o.slots[topic] = s
		o.order = append(o.order, topic)
	} else if len(payloads) == 1 && bytes.Equal(payloads[0], s.value) {
		return
	}
	s.pending = nil
	for _, p := range payloads {
		s.pending = append(s.pending, o.newMessage(topic, p, true))
		s.value = p
	}
	o.wake()
}

// republish publishes every retained value again, in the order in which the topics
// were first used.
func (o *outbox) republish() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for topic, s := range o.slots {
		if len(s.pending) == 0 {
			s.pending = []message{o.newMessage(topic, s.value, true)}
		}
	}
	o.wake()
}

// republishTopic publishes the retained value of one topic again.
func (o *outbox) republishTopic(topic string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s := o.slots[topic]; s != nil && len(s.pending) == 0 {
		s.pending = []message{o.newMessage(topic, s.value, true)}
		o.wake()
	}
}

// newMessage returns a message with the next number. The caller holds the lock.
func (o *outbox) newMessage(topic string, payload []byte, retain bool) message {
	o.number++
	return message{topic, payload, retain, o.number}
}

// wake signals a change to the reader of changed.
func (o *outbox) wake() {
	select {
	case o.changed <- struct{}{}:
	default:
	}
}

// next returns the message to publish, which stays in the outbox until done. Retained
// values precede events, so that subscribers have the matching states when an event
// arrives. If the outbox is empty ok is false, and finished reports whether it is closed.
func (o *outbox) next() (m message, ok, finished bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, topic := range o.order {
		if s := o.slots[topic]; len(s.pending) > 0 {
			return s.pending[0], true, false
		}
	}
	if len(o.events) > 0 {
		return o.events[0], true, false
	}
	return message{}, false, o.closed
}

// done removes a message that was published. It may already have been replaced or
// dropped.
func (o *outbox) done(m message) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if m.retain {
		s := o.slots[m.topic]
		s.pending = slices.DeleteFunc(s.pending, func(p message) bool { return p.number == m.number })
		return
	}
	if len(o.events) > 0 && o.events[0].number == m.number {
		o.bytes -= len(m.payload)
		o.events[0] = message{}
		o.events = o.events[1:]
	}
}

// close marks the end of the messages.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.wake()
}

// takeDropped returns the number of events dropped since the last call.
func (o *outbox) takeDropped() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	dropped := o.dropped
	o.dropped = 0
	return dropped
}

// pendingEvents returns the number of events that are not published.
func (o *outbox) pendingEvents() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.events)
}
