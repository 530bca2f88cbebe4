package server

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/server/history"
)

const (
	// stateInterval is the minimum time between two states in a stream of events.
	stateInterval = 200 * time.Millisecond
	// heartbeat is the time between comment lines, by which both sides notice a dead
	// connection.
	heartbeat = 15 * time.Second
	// reconnectTime is the delay before a browser reconnects, in milliseconds.
	reconnectTime = "2000"
)

// getEvents sends events as they happen ("event"), and the state whenever it changes
// ("state") unless the query has state=false. A client that reconnects with the header
// Last-Event-ID, or the query parameter last-event-id, receives the events that it
// missed. A new client receives new events only.
func (s *Server) getEvents(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	withState := true
	if text := query.Get("state"); text != "" {
		var err error
		if withState, err = strconv.ParseBool(text); err != nil {
			writeError(w, http.StatusBadRequest, "state: must be true or false")
			return
		}
	}
	if !s.eventStreams.take() {
		s.metrics.refusedStreams.Inc()
		w.Header().Set("Retry-After", "5")
		writeError(w, http.StatusServiceUnavailable, "too many clients receive events: try again later")
		return
	}
	defer s.eventStreams.release()
	last := r.Header.Get("Last-Event-ID")
	if last == "" {
		last = query.Get("last-event-id")
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx must not buffer lines
	e := eventWriter{server: s, out: newStreamWriter(w), seen: s.lastSeen(last)}
	if e.out.write("retry: "+reconnectTime+"\n\n") != nil {
		return
	}
	e.run(r, withState)
}

// lastSeen returns the number of the last event that a client received, from the event's
// id. A client without an id starts now. An id of an earlier process selects all events
// of this one.
func (s *Server) lastSeen(id string) uint64 {
	boot, number, ok := strings.Cut(id, "-")
	if id == "" {
		return s.history.Newest()
	}
	n, err := strconv.ParseUint(number, 10, 64)
	if !ok || err != nil || boot != s.boot {
		return 0
	}
	return n
}

// eventWriter writes a stream of events.
type eventWriter struct {
	server *Server
	out    streamWriter
	seen   uint64 // number of the last written event
}

func (e *eventWriter) run(r *http.Request, withState bool) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	pace := time.NewTimer(0) // fires when the next state may be written
	defer pace.Stop()
	var changed <-chan struct{} // nil until pace has fired
	for {
		entries, more := e.server.history.After(e.seen)
		if e.events(entries) != nil {
			return
		}
		var tick <-chan time.Time
		if withState {
			tick = pace.C
		}
		select {
		case <-r.Context().Done():
			return
		case <-more:
		case <-beat.C:
			if e.out.write(":\n\n") != nil {
				return
			}
		case <-tick:
			var err error
			if changed, err = e.state(); err != nil {
				return
			}
		case <-changed:
			changed = nil
			pace.Reset(stateInterval)
		}
	}
}

func (e *eventWriter) events(entries []history.Entry) error {
	for _, entry := range entries {
		data, err := json.Marshal(publish(entry))
		if err != nil {
			return err
		}
		id := e.server.boot + "-" + strconv.FormatUint(entry.Number, 10)
		if err := e.out.write("id: "+id+"\nevent: event\ndata: ", data, "\n\n"); err != nil {
			return err
		}
		e.seen = entry.Number
	}
	return nil
}

func (e *eventWriter) state() (<-chan struct{}, error) {
	st, changed := e.server.state()
	data, err := json.Marshal(st)
	if err != nil {
		return nil, err
	}
	return changed, e.out.write("event: state\ndata: ", data, "\n\n")
}

// eventsPath is the path of event pictures, relative to the page.
const eventsPath = "api/events/"

// publish returns the event of an entry, with the address of its picture if there is one.
func publish(entry history.Entry) decision.Event {
	event := entry.Event
	event.Snapshot = ""
	if entry.Picture {
		event.Snapshot = eventsPath + event.ID + ".jpg"
	}
	return event
}

func (s *Server) getEventPicture(w http.ResponseWriter, r *http.Request) {
	id, ok := strings.CutSuffix(r.PathValue("file"), ".jpg")
	data := s.history.Picture(id)
	if !ok || data == nil {
		writeError(w, http.StatusNotFound, "no picture of this event: it had none, or the picture was evicted")
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Cache-Control", "private, max-age=86400, immutable")
	_, _ = w.Write(data)
}

// History is what GET /api/history returns.
type History struct {
	Events []decision.Event `json:"events"` // the newest first
}

const (
	defaultLimit = 100
	maxNameBytes = 200 // of the query parameter name
)

func (s *Server) getHistory(w http.ResponseWriter, r *http.Request) {
	filter, problem := parseFilter(r.URL.Query().Get)
	if problem != "" {
		writeError(w, http.StatusBadRequest, problem)
		return
	}
	h := History{Events: []decision.Event{}}
	for _, entry := range s.history.Query(filter) {
		h.Events = append(h.Events, publish(entry))
	}
	writeJSON(w, http.StatusOK, h)
}

// parseFilter parses the query parameters of GET /api/history. If one is invalid,
// problem says which and what is accepted.
func parseFilter(get func(string) string) (f history.Filter, problem string) {
	f = history.Filter{Camera: get("camera"), Name: get("name"), Type: get("type"), Limit: defaultLimit}
	if len(f.Name) > maxNameBytes {
		return f, "name: too long"
	}
	if f.Type != "" && f.Type != decision.Appeared && f.Type != decision.Gone {
		return f, "type: must be appeared or gone"
	}
	if text := get("since"); text != "" {
		var err error
		if f.Since, err = time.Parse(time.RFC3339, text); err != nil {
			return f, "since: must be a time such as 2006-01-02T15:04:05Z"
		}
	}
	if text := get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxEvents {
			return f, "limit: must be a number from 1 to " + strconv.Itoa(maxEvents)
		}
		f.Limit = n
	}
	return f, ""
}
