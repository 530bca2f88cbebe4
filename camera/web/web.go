// Package web reads the JPEGs that network cameras, phone apps and mjpg-streamer
// send over HTTP: as a response that does not end, usually of type
// multipart/x-mixed-replace, or as a picture for each request.
//
// It tolerates what browsers tolerate: malformed headers, wrong types and lengths.
// It answers Basic and Digest authentication, and resolves names below .local.
package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"halfmeg/camera/multipart"
	"halfmeg/camera/picture"
	"halfmeg/internal/localname"
)

// Config is how to read a stream. The zero value has the defaults.
type Config struct {
	// Timeout is how long to wait for a frame: from the request to the first, and
	// from frame to frame. The default is 10 seconds.
	Timeout time.Duration

	// Rate is the highest rate of frames, in frames a second; frames of a stream
	// that come faster are dropped. By default a picture is requested once a second,
	// and a stream's frames are all read.
	Rate float64

	// TLSFingerprint is the SHA-256 of the only certificate that is accepted.
	TLSFingerprint []byte

	// Insecure accepts any certificate.
	Insecure bool
}

// limits on a peer's behaviour.
type limits struct {
	frameTimeout time.Duration // from the request to the first frame, and from frame to frame
	maxFrame     int           // bytes of a part
	redirects    int
}

var defaultLimits = limits{
	// Well above a camera's start-up time and the slowest usual rate, a frame
	// every few seconds.
	frameTimeout: 10 * time.Second,

	// 8 bits per pixel at the largest frame that package picture decodes, 16 Mi
	// pixels. Usual quality settings need 1 to 3.
	maxFrame: 16 << 20,

	// Half of what net/http follows by default; http to https and on to the
	// stream's path are two.
	redirects: 5,
}

const (
	// pollInterval is the time between requests for a picture by default: cameras
	// take up to half a second for one.
	pollInterval = time.Second

	// maxBroken is how many frames may be broken before the first whole one.
	// Some cameras start in the middle of a frame.
	maxBroken = 10
)

// Stream is an open stream. Close may be called from any goroutine.
type Stream struct {
	Width, Height int // of its first frame, in pixels

	name     string
	config   Config
	limits   limits
	client   *client
	ctx      context.Context // of the requests; its cause is why the stream ended
	cancel   context.CancelCauseFunc
	watchdog *time.Timer // cancels ctx if no frame arrives; each frame resets it
	body     io.Closer   // of the last response
	parts    *multipart.Reader
	frames   int    // of the last response, so far
	first    []byte // the first frame, read by Open, until Read returns it

	// A response of one JPEG, not of a multipart type, is a picture: it is polled.
	multipart bool        // the last response has a multipart type
	polling   bool        // the address is that of a picture
	requested time.Time   // when the last request was sent
	unchanged http.Header // of the next request: the server may answer that nothing has changed

	due time.Time // earlier frames are dropped, to keep to Config.Rate
}

// IsAddress reports whether name is an http or https URL rather than a path.
// The URL may still be invalid.
func IsAddress(name string) bool {
	scheme, _, ok := strings.Cut(name, "://")
	return ok && isHTTP(scheme)
}

func isHTTP(scheme string) bool {
	return strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")
}

// Name returns an address in a form that is safe to print: without user and
// password, and without the query and the parts of the path in which some cameras
// expect them.
func Name(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		scheme, _, _ := strings.Cut(address, "://")
		return scheme + "://…"
	}
	path, hidden := cutPath(u.Path)
	name := (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: path}).String()
	if hidden {
		name += "…"
	}
	return name
}

// cutPath cuts a path before the first part with a name and a password, such as
// /user=NAME&password=PASSWORD or /NAME:PASSWORD, and reports whether it has one.
func cutPath(path string) (public string, hidden bool) {
	i := strings.IndexAny(path, "=:")
	if i < 0 {
		return path, false
	}
	return path[:strings.LastIndex(path[:i], "/")+1], true
}

// Template returns an address in which NAME:PASSWORD, PATH and QUERY stand for what
// Name leaves out.
func Template(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return Name(address)
	}
	path, hidden := cutPath(u.Path)
	if hidden {
		path += "PATH"
	}
	safe := url.URL{Scheme: u.Scheme, Host: u.Host, Path: path}
	if u.User != nil {
		safe.User = url.UserPassword("NAME", "PASSWORD")
	}
	if u.RawQuery != "" {
		safe.RawQuery = "QUERY"
	}
	return safe.String()
}

// Open requests a stream and waits for its first frame. The context covers only
// the opening, not the stream's lifetime.
func Open(ctx context.Context, address string, c Config) (*Stream, error) {
	return open(ctx, address, c, defaultLimits)
}

func open(ctx context.Context, address string, c Config, l limits) (*Stream, error) {
	return openResolving(ctx, address, c, l, localname.Default)
}

func openResolving(ctx context.Context, address string, c Config, l limits, names localname.Resolver) (*Stream, error) {
	u, err := url.Parse(address)
	if err != nil || !isHTTP(u.Scheme) || u.Host == "" {
		return nil, fmt.Errorf("%s: %w", Name(address), permanent{ErrAddress}) // the parser's error may quote a part of the password
	}
	if c.Timeout > 0 {
		l.frameTimeout = c.Timeout
	}
	s := &Stream{name: Name(address), config: c, limits: l, client: newClient(u, c, l.redirects), unchanged: http.Header{}}
	s.client.names = names
	s.ctx, s.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	s.watchdog = time.AfterFunc(l.frameTimeout, func() { s.cancel(noFrame{l.frameTimeout}) })
	stop := context.AfterFunc(ctx, func() { s.cancel(ctx.Err()) })
	defer stop()
	if err := s.start(); err != nil {
		err = s.explain(err)
		_ = s.Close() // the first error is the cause
		return nil, err
	}
	return s, nil
}

// start sends the request and reads the first frame whose size can be read.
func (s *Stream) start() error {
	if _, err := s.request(); err != nil {
		return err
	}
	var broken error
	for range maxBroken {
		frame, err := s.next(nil)
		switch {
		case broken != nil && err != nil:
			return broken
		case errors.Is(err, multipart.ErrNotMultipart):
			return permanent{err}
		case err != nil:
			return err
		}
		if s.Width, s.Height, broken = picture.FrameSize(frame); broken == nil {
			s.first = frame
			return nil
		}
	}
	return broken
}

// request sends a request. changed is false if the server answers that the
// picture is the same as at the last request.
func (s *Stream) request() (changed bool, err error) {
	s.requested = time.Now()
	response, err := s.client.get(s.ctx, s.unchanged)
	if err != nil {
		return false, err
	}
	if response.StatusCode == http.StatusNotModified {
		return false, response.Body.Close()
	}
	s.body = response.Body
	s.unchanged = http.Header{}
	for answer, question := range map[string]string{"Etag": "If-None-Match", "Last-Modified": "If-Modified-Since"} {
		if value := response.Header.Get(answer); value != "" {
			s.unchanged.Set(question, value)
		}
	}
	body, err := bodyReader(response)
	if err != nil {
		return false, err
	}
	contentType := response.Header.Get("Content-Type")
	s.frames = 0
	s.multipart = isMultipart(contentType)
	s.parts = multipart.NewReader(body, contentType, s.limits.maxFrame)
	return true, nil
}

// Read returns the next frame. It uses the memory of buf if that suffices. A
// stream has no regular end, so its end is an error other than io.EOF.
func (s *Stream) Read(buf []byte) ([]byte, error) {
	if first := s.first; first != nil {
		s.first = nil
		s.onTime()
		return first, nil
	}
	for {
		frame, err := s.nextOrPoll(buf)
		if err != nil {
			return nil, s.explain(err)
		}
		if s.polling || s.onTime() {
			return frame, nil
		}
		buf = frame
	}
}

// interval returns the least time between frames.
func (s *Stream) interval() time.Duration {
	if s.config.Rate <= 0 {
		return 0
	}
	return time.Duration(float64(time.Second) / s.config.Rate)
}

// onTime reports whether a frame that has just arrived is within the rate. A frame
// that is late does not delay the next ones.
func (s *Stream) onTime() bool {
	now := time.Now()
	if now.Before(s.due) {
		return false
	}
	interval := s.interval()
	if s.due = s.due.Add(interval); s.due.Before(now) {
		s.due = now.Add(interval / 2) // half: frames come at times that vary
	}
	return true
}

// nextOrPoll returns the next frame of the response, or of another response where
// each is a picture.
func (s *Stream) nextOrPoll(buf []byte) ([]byte, error) {
	if !s.polling {
		frame, err := s.next(buf)
		isEnd := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if !isEnd || s.multipart || s.frames != 1 || context.Cause(s.ctx) != nil {
			return frame, err
		}
		s.polling = true
	}
	for {
		_ = s.body.Close() // it has been read
		if err := s.waitForPoll(); err != nil {
			return nil, err
		}
		changed, err := s.request()
		if err != nil {
			return nil, err
		}
		if changed {
			return s.next(buf)
		}
		s.watchdog.Reset(s.limits.frameTimeout)
	}
}

// waitForPoll waits until the next picture may be requested. The watchdog does not
// run meanwhile.
func (s *Stream) waitForPoll() error {
	interval := s.interval()
	if interval == 0 {
		interval = pollInterval
	}
	s.watchdog.Stop()
	timer := time.NewTimer(time.Until(s.requested.Add(interval)))
	defer timer.Stop()
	select {
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	case <-timer.C:
		s.watchdog.Reset(s.limits.frameTimeout)
		return nil
	}
}

// next reads the next JPEG of the response. It skips other parts: some servers send
// text to keep the connection open. Those do not reset the watchdog.
func (s *Stream) next(buf []byte) ([]byte, error) {
	for {
		var err error
		if buf, err = s.parts.Read(buf); err != nil {
			return nil, err
		}
		// Parts that arrive without pause may be buffered, and then reading them
		// does not fail with the request's context.
		if err := context.Cause(s.ctx); err != nil {
			return nil, err
		}
		if bytes.HasPrefix(buf, []byte{0xff, 0xd8}) { // JPEG's start of image
			s.frames++
			s.watchdog.Reset(s.limits.frameTimeout)
			return buf, nil
		}
	}
}

// explain adds the stream's name to an error, and replaces errors that only
// follow from a cancelled request by the reason why it was cancelled.
func (s *Stream) explain(err error) error {
	if certificate := certificateError(s.name, err); certificate != nil {
		return certificate
	}
	switch cause := context.Cause(s.ctx); {
	case cause != nil:
		err = cause
	case errors.Is(err, errNoResponse):
		err = errNoResponse // without the words of net/http
	case errors.Is(err, io.EOF):
		err = errors.New("the stream ended")
	}
	return fmt.Errorf("%s: %w", s.name, err)
}

// Close ends the stream. It unblocks a Read, which then fails with fs.ErrClosed.
func (s *Stream) Close() error {
	s.watchdog.Stop()
	s.cancel(fs.ErrClosed)
	return nil // the end of the context closes the connection
}
