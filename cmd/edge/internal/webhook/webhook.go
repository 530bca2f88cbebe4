// Package webhook is a sink that sends each event to a web server, in one of three
// formats:
//
//   - the JSON of decision.Event, by POST;
//   - with pictures, multipart/form-data: the part "event" has the same JSON and, for the
//     event "appeared", the part "snapshot" a JPEG;
//   - with a title or text, a message for people, in the format of ntfy
//     (https://docs.ntfy.sh) and similar services: the text is the body, the title a
//     header. With a picture the request is a PUT: the body is the JPEG, the text a header.
//
// Each sink has one server and one goroutine, so that a server that hangs does not delay
// others. A failed request is retried with exponential backoff, while later events wait
// in a bounded queue. An event that the server rejects is dropped.
package webhook

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/cmd/edge/internal/snapshot"
	"halfmeg/cmd/edge/internal/text"
	"halfmeg/internal/localname"
)

const (
	// maxEvents and maxPictureBytes limit the queue. Beyond them the oldest event or the
	// oldest pictures are dropped.
	maxEvents       = 100
	maxPictureBytes = 8 << 20

	// requestTimeout limits one attempt, including the response.
	requestTimeout = 15 * time.Second

	// closeTimeout limits how long Close waits for the server.
	closeTimeout = 3 * time.Second
)

// Config says where and what to send. Only URL is required.
type Config struct {
	URL     string   // http or https; may contain user and password
	Headers []string // "Name: value"
	Token   string   // sent as "Authorization: Bearer"; empty for none

	// Title and Text are templates of a message for people, see Placeholders. If both
	// are empty, JSON is sent.
	Title, Text string

	Types    []string // of events to send, such as decision.Appeared; all if empty
	Pictures bool     // send a picture when something appears

	// Report is called once for each problem, and Log when a problem is over. Both may be
	// nil, and must be safe for concurrent use.
	Report func(error)
	Log    func(string)
}

// Sink sends events.
type Sink struct {
	target
	config Config
	client *http.Client

	mu           sync.Mutex
	pending      []job
	pictureBytes int // of pending
	dropped      int // events that were not delivered
	changed      chan struct{}

	reported       string          // the last problem reported; "" if it is over; only run uses it
	retries        context.Context // ends when Close is called
	stopRetries    context.CancelFunc
	requests       context.Context // ends closeTimeout later
	cancelRequests context.CancelFunc
	done           chan struct{}
}

// target is a valid address.
type target struct {
	url    string
	name   string // for people: without password and path, which may be secrets
	header http.Header
}

// job is an event to send.
type job struct {
	event   decision.Event
	picture []byte // nil for none
}

// New checks a configuration and starts a sink.
func New(c Config) (*Sink, error) {
	s, err := newSink(c)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = localname.Default.DialContext
	transport.MaxResponseHeaderBytes = 64 << 10
	s.client.Transport = transport
	go s.run()
	return s, nil
}

// newSink checks a configuration and returns a sink that is not started.
func newSink(c Config) (*Sink, error) {
	t, err := newTarget(c)
	if err != nil {
		return nil, err
	}
	for _, template := range []string{c.Title, c.Text} {
		if err := checkTemplate(template); err != nil {
			return nil, err
		}
	}
	if c.Title != "" {
		c.Text = cmp.Or(c.Text, "$name $type")
	}
	if c.Report == nil {
		c.Report = func(error) {}
	}
	if c.Log == nil {
		c.Log = func(string) {}
	}
	s := &Sink{
		target: t, config: c,
		client:  &http.Client{Timeout: requestTimeout, CheckRedirect: checkRedirect},
		changed: make(chan struct{}, 1), done: make(chan struct{}),
	}
	s.retries, s.stopRetries = context.WithCancel(context.Background())
	s.requests, s.cancelRequests = context.WithCancel(context.Background())
	return s, nil
}

// newTarget checks address, token and headers. Errors do not quote them, because they
// may contain secrets.
func newTarget(c Config) (target, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return target{}, errors.New("the address of a webhook must be http://… or https://…")
	}
	t := target{url: c.URL, name: "webhook " + u.Scheme + "://" + u.Host, header: http.Header{"User-Agent": {"halfmeg-edge"}}}
	if c.Token != "" {
		if !validValue(c.Token) {
			return target{}, fmt.Errorf("%s: the token contains a character that is not allowed in a header", t.name)
		}
		t.header.Set("Authorization", "Bearer "+c.Token)
	}
	for i, line := range c.Headers {
		name, value, ok := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		if !ok || !validName(name) || !validValue(value) {
			return target{}, fmt.Errorf("%s: header %d must have the form Name: value, on one line", t.name, i+1)
		}
		t.header.Set(name, value)
	}
	return t, nil
}

// validName reports whether s is a header name: a token (RFC 9110, section 5.6.2).
func validName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

// validValue reports whether s has no control characters.
func validValue(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// WantsPicture reports whether an event of the observation is sent with a picture.
func (s *Sink) WantsPicture(o *pipeline.Observation) bool {
	return s.config.Pictures && slices.ContainsFunc(o.Events, func(e decision.Event) bool { return s.selects(e) && hasPicture(e) })
}

// selects reports whether to send an event.
func (s *Sink) selects(e decision.Event) bool {
	return len(s.config.Types) == 0 || slices.Contains(s.config.Types, e.Type)
}

// hasPicture reports whether the frame of an event shows its subject.
func hasPicture(e decision.Event) bool { return e.Type == decision.Appeared }

// Observe enqueues the events of an observation.
func (s *Sink) Observe(o *pipeline.Observation) error {
	var picture []byte
	if o.Snapshot != nil && s.WantsPicture(o) {
		var err error
		if picture, err = o.Snapshot.Bounded(snapshot.SentSide, snapshot.SentQuality, snapshot.SentBytes); err != nil {
			s.config.Report(fmt.Errorf("picture of frame %d for a webhook: %w", o.Frame, err))
		}
	}
	for _, e := range o.Events {
		if !s.selects(e) {
			continue
		}
		j := job{event: e}
		if hasPicture(e) {
			j.picture = picture
		}
		s.add(j)
	}
	return nil
}

// add enqueues a job and drops what exceeds the limits.
func (s *Sink) add(j job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = append(s.pending, j)
	s.pictureBytes += len(j.picture)
	if len(s.pending) > maxEvents {
		s.pop()
		s.dropped++
	}
	for i := 0; s.pictureBytes > maxPictureBytes && i < len(s.pending)-1; i++ {
		s.pictureBytes -= len(s.pending[i].picture)
		s.pending[i].picture = nil
	}
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// pop removes the oldest job. The caller holds the lock.
func (s *Sink) pop() job {
	j := s.pending[0]
	s.pending[0] = job{}
	s.pending = s.pending[1:]
	s.pictureBytes -= len(j.picture)
	return j
}

// next waits for a job. It returns false when the sink is closed and its queue empty.
func (s *Sink) next() (job, bool) {
	for {
		s.mu.Lock()
		if len(s.pending) > 0 {
			defer s.mu.Unlock()
			return s.pop(), true
		}
		s.mu.Unlock()
		if s.retries.Err() != nil {
			return job{}, false
		}
		select {
		case <-s.changed:
		case <-s.retries.Done():
		}
	}
}

// Close makes one attempt to send each queued event, within closeTimeout, and stops the
// sink.
func (s *Sink) Close() error {
	s.stopRetries()
	timeout := time.AfterFunc(closeTimeout, s.cancelRequests)
	<-s.done
	timeout.Stop()
	s.cancelRequests()
	s.client.CloseIdleConnections()
	if s.dropped > 0 {
		s.config.Report(fmt.Errorf("%s: %s not delivered", s.name, text.Count(s.dropped, "event")))
	}
	return nil
}
