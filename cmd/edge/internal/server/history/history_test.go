package history

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/decision"
)

func event(id string) decision.Event {
	return decision.Event{ID: id, Type: decision.Appeared, Name: id, Label: id + ", Tinca tinca", Start: time.Unix(1000, 0)}
}

func ids(entries []Entry) []string {
	list := []string{}
	for _, e := range entries {
		list = append(list, e.Event.ID)
	}
	return list
}

// The store keeps the newest events and pictures within its limits.
func TestBounds(t *testing.T) {
	s := New(5, 100)
	for i := range 20 {
		s.Add(event(fmt.Sprint(i)), bytes.Repeat([]byte{1}, 30))
	}
	require.Equal(t, []string{"19", "18", "17", "16", "15"}, ids(s.Query(Filter{})))
	require.Len(t, s.pictures, 3)
	require.Equal(t, 90, s.bytes)
	require.NotNil(t, s.Picture("17"))
	require.Nil(t, s.Picture("16"))
	require.True(t, s.Query(Filter{})[2].Picture)
	require.False(t, s.Query(Filter{})[3].Picture)
	s.Add(event("large"), make([]byte, 101))
	require.Nil(t, s.Picture("large"))
	require.NotNil(t, s.Picture("17"), "a picture that is too large evicts no others")
}

func TestAfter(t *testing.T) {
	s := New(3, 0)
	require.Zero(t, s.Newest())
	entries, changed := s.After(0)
	require.Empty(t, entries)
	for _, id := range []string{"a", "b", "c", "d"} {
		s.Add(event(id), nil)
	}
	<-changed
	require.EqualValues(t, 4, s.Newest())
	for number, want := range map[uint64][]string{0: {"b", "c", "d"}, 1: {"b", "c", "d"}, 3: {"d"}, 4: {}, 9: {}, 1<<64 - 1: {}} {
		entries, _ := s.After(number)
		require.Equal(t, want, ids(entries), number)
	}
	entries, _ = s.After(3)
	require.EqualValues(t, 4, entries[0].Number)
}

func TestFilter(t *testing.T) {
	s := New(10, 0)
	a := event("Tench")
	gone := a
	end := a.Start.Add(time.Minute)
	gone.ID, gone.Type, gone.End, gone.Camera = "gone", decision.Gone, &end, "door"
	s.Add(a, nil)
	s.Add(gone, nil)
	for _, c := range []struct {
		filter Filter
		want   []string
	}{
		{Filter{}, []string{"gone", "Tench"}},
		{Filter{Limit: 1}, []string{"gone"}},
		{Filter{Type: decision.Appeared}, []string{"Tench"}},
		{Filter{Name: "tenCH"}, []string{"gone", "Tench"}},
		{Filter{Name: "tinca"}, []string{"gone", "Tench"}},
		{Filter{Name: "dog"}, []string{}},
		{Filter{Camera: "door"}, []string{"gone"}},
		{Filter{Since: end}, []string{"gone"}},
		{Filter{Since: end.Add(1)}, []string{}},
	} {
		require.Equal(t, c.want, ids(s.Query(c.filter)), "%+v", c.filter)
	}
}
