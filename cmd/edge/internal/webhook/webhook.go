// Package webhook is a sink that sends each event to a web server, in one of three
// forms:
//
//   - the JSON of decision.Event, by POST;
//   - with pictures, multipart/form-data with a part "event", the same JSON, and for
//     what appeared a part "snapshot", a JPEG;
//   - with a title or a text, a message for people, as ntfy (https://docs.ntfy.sh)
//     and similar services take it: the text is the body and the title a header. With
//     pictures, PUT sends the JPEG as the body and the text in a header.
//
// A sink has one server and a goroutine of its own, so that a server that hangs
// delays no other. An event that fails is sent again, later and later; those after it
// wait in a bounded queue. What the server rejects is not sent again.
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
	"halfmeg/internal/localname"
)

const (
	// maxEvents and maxPictureBytes bound what waits. The oldest events are dropped,
	// and the pictures of the oldest before.
	maxEvents       = 100
	maxPictureBytes = 8 << 20

	// requestTimeout is for one attempt, with the answer.
	requestTimeout = 15 * time.Second

	// closeTimeout is for how long the end of the program waits for the server.
	closeTimeout = 3 * time.Second

	// pictureSide is the longest side of a picture, in pixels, and pictureQuality its
	// JPEG quality.
	pictureSide    = 1280
	pictureQuality = 80
)

// Config says where and what to send. Its zero value lacks only URL.
type Config struct {
	URL     string   // http or https; may have a name and a password
	Headers []string // "Name: value"
	Token   string   // sent as "Authorization: Bearer"; empty for none

	// Title and Text make a message for people, see Placeholders. If both are empty
	// JSON is sent.
	Title, Text string

	Types    []string // of events to send, as decision.Appeared; all if empty
	Pictures bool     // send the picture of what appeared

	// Report is told what is wrong, each problem once, and Log that it is right again.
	// Both may be nil, and are called from any goroutine.
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
	dropped      int // events that were never delivered
	changed      chan struct{}

	told     string          // the problem that was reported last
	open     context.Context // ends with Close: then nothing is tried again
	shut     context.CancelFunc
	requests context.Context // ends when Close gives up
	abort    context.CancelFunc
	done     chan struct{}
}

// target is a checked address.
type target struct {
	url    string
	name   string // for people: without path and password, which are secrets
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

// newSink returns a sink that is not started.
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
	s.open, s.shut = context.WithCancel(context.Background())
	s.requests, s.abort = context.WithCancel(context.Background())
	return s, nil
}

// newTarget checks what is about the server. Errors repeat neither the address nor a
// header: they may hold secrets.
func newTarget(c Config) (target, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return target{}, errors.New("the address of a webhook must be http://… or https://…")
	}
	t := target{url: c.URL, name: "webhook " + u.Scheme + "://" + u.Host, header: http.Header{"User-Agent": {"halfmeg-edge"}}}
	if c.Token != "" {
		if !validValue(c.Token) {
			return target{}, fmt.Errorf("%s: the token has a character that a header must not have", t.name)
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

// validName reports whether a text is a token (RFC 9110, section 5.6.2).
func validName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

func validValue(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// WantsPicture reports whether an event is sent with its picture.
func (s *Sink) WantsPicture(o *pipeline.Observation) bool {
	return s.config.Pictures && slices.ContainsFunc(o.Events, func(e decision.Event) bool { return s.wants(e) && hasPicture(e) })
}

func (s *Sink) wants(e decision.Event) bool {
	return len(s.config.Types) == 0 || slices.Contains(s.config.Types, e.Type)
}

// hasPicture reports whether the frame of an event shows what it is about.
func hasPicture(e decision.Event) bool { return e.Type == decision.Appeared }

// Observe queues the events of an observation.
func (s *Sink) Observe(o *pipeline.Observation) error {
	var picture []byte
	if o.Snapshot != nil && s.WantsPicture(o) {
		var err error
		if picture, err = o.Snapshot.JPEG(pictureSide, pictureQuality); err != nil {
			s.config.Report(fmt.Errorf("picture of frame %d for a webhook: %w", o.Frame, err))
		}
	}
	for _, e := range o.Events {
		if !s.wants(e) {
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

// add queues a job within the bounds.
func (s *Sink) add(j job) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = append(s.pending, j)
	s.pictureBytes += len(j.picture)
	if len(s.pending) > maxEvents {
		s.take()
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

// take removes the oldest job. The caller holds the lock.
func (s *Sink) take() job {
	j := s.pending[0]
	s.pending[0] = job{}
	s.pending = s.pending[1:]
	s.pictureBytes -= len(j.picture)
	return j
}

// next waits for a job. False is the end.
func (s *Sink) next() (job, bool) {
	for {
		s.mu.Lock()
		if len(s.pending) > 0 {
			defer s.mu.Unlock()
			return s.take(), true
		}
		s.mu.Unlock()
		if s.open.Err() != nil {
			return job{}, false
		}
		select {
		case <-s.changed:
		case <-s.open.Done():
		}
	}
}

// Close tries once to send what waits, for a few seconds at most, and ends the sink.
func (s *Sink) Close() error {
	s.shut()
	timeout := time.AfterFunc(closeTimeout, s.abort)
	<-s.done
	timeout.Stop()
	s.abort()
	s.client.CloseIdleConnections()
	if s.dropped > 0 {
		s.config.Report(fmt.Errorf("%s: %d events were not delivered", s.name, s.dropped))
	}
	return nil
}
