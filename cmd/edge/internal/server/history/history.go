// Package history keeps recent events and their pictures in bounded memory, for the page
// and for clients that connect late or reconnect.
package history

import (
	"slices"
	"strings"
	"sync"
	"time"

	"halfmeg/cmd/edge/internal/decision"
)

// Entry is an event with its number. Numbers start at 1 and have no gaps.
type Entry struct {
	Number  uint64
	Event   decision.Event
	Picture bool // whether Store.Picture returns one
}

// Store is safe for concurrent use.
type Store struct {
	maxEvents, maxBytes int

	mu       sync.Mutex
	entries  []Entry // the oldest first; Picture is not set
	number   uint64  // of the newest event
	pictures []picture
	bytes    int // of all pictures
	changed  chan struct{}
}

type picture struct {
	id   string // of the sighting
	jpeg []byte
}

// New returns a Store of at most maxEvents events and maxBytes bytes of pictures.
func New(maxEvents, maxBytes int) *Store {
	return &Store{maxEvents: maxEvents, maxBytes: maxBytes, changed: make(chan struct{})}
}

// Add adds an event, with its picture unless jpeg is nil, and evicts the oldest events
// and pictures beyond the limits.
func (s *Store) Add(event decision.Event, jpeg []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.entries) == s.maxEvents {
		s.entries = slices.Delete(s.entries, 0, 1)
	}
	s.number++
	s.entries = append(s.entries, Entry{Number: s.number, Event: event})
	if jpeg != nil && len(jpeg) <= s.maxBytes {
		s.pictures = append(s.pictures, picture{event.ID, jpeg})
		s.bytes += len(jpeg)
	}
	for s.bytes > s.maxBytes {
		s.bytes -= len(s.pictures[0].jpeg)
		s.pictures = slices.Delete(s.pictures, 0, 1)
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// After returns the stored events with numbers above the given one, the oldest first, and
// a channel that is closed when another event is added.
func (s *Store) After(number uint64) (entries []Entry, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	missing := 0
	if s.number > number {
		missing = int(min(s.number-number, uint64(len(s.entries))))
	}
	entries = slices.Clone(s.entries[len(s.entries)-missing:])
	s.markPictures(entries)
	return entries, s.changed
}

// markPictures sets Picture. The caller holds the lock.
func (s *Store) markPictures(entries []Entry) {
	for i := range entries {
		entries[i].Picture = s.find(entries[i].Event.ID) != nil
	}
}

// Filter selects events. Zero fields select all.
type Filter struct {
	Camera string
	Name   string // part of the name or label, case-insensitive
	Type   string // decision.Appeared or decision.Gone
	Since  time.Time
	Limit  int
}

func (f *Filter) selects(e *decision.Event) bool {
	at := e.Start
	if e.End != nil {
		at = *e.End
	}
	return (f.Camera == "" || f.Camera == e.Camera) &&
		(f.Type == "" || f.Type == e.Type) &&
		!at.Before(f.Since) &&
		(f.Name == "" || containsFold(e.Name, f.Name) || containsFold(e.Label, f.Name))
}

func containsFold(text, part string) bool {
	return strings.Contains(strings.ToLower(text), strings.ToLower(part))
}

// Query returns the selected events, the newest first.
func (s *Store) Query(f Filter) []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Entry
	for i := len(s.entries) - 1; i >= 0 && (f.Limit == 0 || len(list) < f.Limit); i-- {
		if f.selects(&s.entries[i].Event) {
			list = append(list, s.entries[i])
		}
	}
	s.markPictures(list)
	return list
}

// Picture returns the picture of a sighting, or nil.
func (s *Store) Picture(id string) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.find(id)
}

func (s *Store) find(id string) []byte {
	for i := len(s.pictures) - 1; i >= 0; i-- {
		if s.pictures[i].id == id {
			return s.pictures[i].jpeg
		}
	}
	return nil
}

// Newest returns the number of the newest event, or 0 if there is none.
func (s *Store) Newest() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.number
}
