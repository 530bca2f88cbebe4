package mqtt

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// drain removes all messages and returns them.
func drain(o *outbox) []string {
	var list []string
	for {
		m, ok, _ := o.next()
		if !ok {
			return list
		}
		list = append(list, fmt.Sprintf("%s=%s", m.topic, m.payload))
		o.done(m)
	}
}

func TestOutbox(t *testing.T) {
	o := newOutbox()
	o.event("e", []byte("1"))
	o.retain("b", []byte("x"))
	o.retain("a", []byte("x"))
	o.retain("b", []byte("y"))
	o.retain("b", []byte("y"))
	o.event("e", []byte("2"))
	require.Equal(t, []string{"b=y", "a=x", "e=1", "e=2"}, drain(o), "retained values first, only the latest of each")
	o.retain("a", []byte("x"))
	require.Empty(t, drain(o), "an unchanged value")
	o.retain("b", []byte("1"), []byte("2"))
	require.Equal(t, []string{"b=1", "b=2"}, drain(o))
	o.republish()
	require.Equal(t, []string{"b=2", "a=x"}, drain(o))
	o.republishTopic("a")
	o.republishTopic("nothing")
	require.Equal(t, []string{"a=x"}, drain(o))
	_, _, finished := o.next()
	require.False(t, finished)
	o.event("e", []byte("3"))
	o.close()
	_, _, finished = o.next()
	require.False(t, finished)
	require.Equal(t, []string{"e=3"}, drain(o))
	_, _, finished = o.next()
	require.True(t, finished)
}

// A value that is replaced while it is in flight is published again.
func TestReplacedInFlight(t *testing.T) {
	o := newOutbox()
	o.retain("a", []byte("1"))
	m, _, _ := o.next()
	o.retain("a", []byte("2"))
	o.done(m)
	require.Equal(t, []string{"a=2"}, drain(o))
}

func TestOldestEventsAreDropped(t *testing.T) {
	o := newOutbox()
	o.event("e", []byte("0"))
	inFlight, _, _ := o.next()
	for i := 1; i < maxEvents+3; i++ {
		o.event("e", []byte{byte(i)})
	}
	require.Equal(t, maxEvents, o.pendingEvents())
	o.done(inFlight)
	require.Equal(t, maxEvents, o.pendingEvents(), "it was already dropped")
	require.Equal(t, 3, o.takeDropped())
	require.Zero(t, o.takeDropped())
	first, _, _ := o.next()
	require.Equal(t, []byte{3}, first.payload)

	o.event("e", make([]byte, 2*maxEventBytes))
	require.Equal(t, 1, o.pendingEvents(), "the last one is kept, whatever its size")
	drain(o)
	require.Zero(t, o.bytes)
}
