package mqtt

import (
	"bytes"
	"slices"
	"sync"
)

// maxEvents and maxEventBytes bound what waits for a broker that is away: the events
// of hours.
const (
	maxEvents     = 1000
	maxEventBytes = 1 << 20
)

// message is what is published next.
type message struct {
	topic   string
	payload []byte
	retain  bool
	number  uint64 // of this change of the outbox
}

// outbox holds what is not published yet. Events wait in a queue. A retained topic
// only has its newest value, which is published again to a broker that may have lost
// it.
type outbox struct {
	changed chan struct{} // has an element after a change

	mu     sync.Mutex
	number uint64
	events []message
	bytes  int // of events
	lost   int // events dropped since the last call of takeLost
	slots  map[string]*slot
	order  []string // of slots
	closed bool
}

// slot is a retained topic.
type slot struct {
	value   []byte    // the newest
	pending []message // not published yet; the last is the value
}

func newOutbox() *outbox {
	return &outbox{changed: make(chan struct{}, 1), slots: map[string]*slot{}}
}

// event queues a message that is published once. The oldest is dropped if there
// are too many.
func (o *outbox) event(topic string, payload []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.events = append(o.events, o.newMessage(topic, payload, false))
	o.bytes += len(payload)
	for len(o.events) > 1 && (len(o.events) > maxEvents || o.bytes > maxEventBytes) {
		o.bytes -= len(o.events[0].payload)
		o.events[0] = message{}
		o.events = o.events[1:]
		o.lost++
	}
	o.wake()
}

// retain publishes payloads one after the other; the last is the topic's value. The
// same value again is not published.
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

// again publishes one retained value again.
func (o *outbox) again(topic string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if s := o.slots[topic]; s != nil && len(s.pending) == 0 {
		s.pending = []message{o.newMessage(topic, s.value, true)}
		o.wake()
	}
}

// newMessage numbers a message. The caller holds the lock.
func (o *outbox) newMessage(topic string, payload []byte, retain bool) message {
	o.number++
	return message{topic, payload, retain, o.number}
}

// wake tells the reader of next of a change.
func (o *outbox) wake() {
	select {
	case o.changed <- struct{}{}:
	default:
	}
}

// next returns what is to be published, until it is done. Retained values come before
// events, so that an event finds the states that belong to it. With nothing to
// publish ok is false, and finished tells whether there will be nothing any more.
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

// done removes a message that the broker has. It may have been replaced or dropped in
// the meantime.
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

// close says that nothing will be added.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.wake()
}

// takeLost returns how many events were dropped since the last call.
func (o *outbox) takeLost() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	lost := o.lost
	o.lost = 0
	return lost
}

// waiting is how many events are not published.
func (o *outbox) waiting() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.events)
}
