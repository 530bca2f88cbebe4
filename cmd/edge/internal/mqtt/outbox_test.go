package mqtt

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// drain publishes everything.
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
	require.Equal(t, []string{"b=y", "a=x", "e=1", "e=2"}, drain(o), "states first; of each the newest")
	o.retain("a", []byte("x"))
	require.Empty(t, drain(o), "the same value")
	o.retain("b", []byte("1"), []byte("2"))
	require.Equal(t, []string{"b=1", "b=2"}, drain(o))
	o.republish()
	require.Equal(t, []string{"b=2", "a=x"}, drain(o))
	o.again("a")
	o.again("nothing")
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

// What is replaced while it is under way is published anew.
func TestReplacedUnderWay(t *testing.T) {
	o := newOutbox()
	o.retain("a", []byte("1"))
	m, _, _ := o.next()
	o.retain("a", []byte("2"))
	o.done(m)
	require.Equal(t, []string{"a=2"}, drain(o))
}

func TestOldestEventsAreLost(t *testing.T) {
	o := newOutbox()
	o.event("e", []byte("0"))
	underWay, _, _ := o.next()
	for i := 1; i < maxEvents+3; i++ {
		o.event("e", []byte{byte(i)})
	}
	require.Equal(t, maxEvents, o.waiting())
	o.done(underWay)
	require.Equal(t, maxEvents, o.waiting(), "it was dropped before")
	require.Equal(t, 3, o.takeLost())
	require.Zero(t, o.takeLost())
	first, _, _ := o.next()
	require.Equal(t, []byte{3}, first.payload)

	o.event("e", make([]byte, 2*maxEventBytes))
	require.Equal(t, 1, o.waiting(), "one is kept, whatever its size")
	drain(o)
	require.Zero(t, o.bytes)
}
