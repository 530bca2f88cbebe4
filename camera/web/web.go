// Package web reads MJPEG over HTTP, the format of network cameras, phone apps
// and mjpg-streamer: a response of type multipart/x-mixed-replace that does not
// end, each part a JPEG.
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
)

// ErrAddress means that an address is not a valid http or https URL.
var ErrAddress = errors.New("not the address of a stream: expected one like http://camera.local/stream; in a name or password, write / as %2F and @ as %40")

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

// maxHeader bounds the header of a response, in bytes. Cameras send less than
// 1 KiB; the default of net/http, 10 MiB, is much on a small board.
const maxHeader = 64 << 10

// Stream is an open stream. Close may be called from any goroutine.
type Stream struct {
	Width, Height int // of its first frame, in pixels

	name     string
	limits   limits
	ctx      context.Context // of the request; its cause is why the stream ended
	cancel   context.CancelCauseFunc
	watchdog *time.Timer // cancels ctx if no frame arrives; each frame resets it
	body     io.Closer
	parts    *multipart.Reader
	first    []byte // the first frame, read by Open, until Read returns it
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
// password, and without the query, in which many cameras take them.
func Name(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "http://…"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// Open requests a stream and waits for its first frame. The context covers only
// the opening, not the stream's lifetime.
func Open(ctx context.Context, address string) (*Stream, error) {
	return open(ctx, address, defaultLimits)
}

func open(ctx context.Context, address string, l limits) (*Stream, error) {
	s := &Stream{name: Name(address), limits: l}
	s.ctx, s.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	s.watchdog = time.AfterFunc(l.frameTimeout, func() { s.cancel(timeoutError(l.frameTimeout)) })
	stop := context.AfterFunc(ctx, func() { s.cancel(ctx.Err()) })
	defer stop()
	if err := s.start(address); err != nil {
		err = s.explain(err)
		_ = s.Close() // the first error is the cause
		return nil, err
	}
	return s, nil
}

func timeoutError(timeout time.Duration) error {
	return fmt.Errorf("no frame arrived within %v: the camera or the network hangs", timeout)
}

// start sends the request and reads the first frame.
func (s *Stream) start(address string) error {
	u, err := url.Parse(address)
	if err != nil || !isHTTP(u.Scheme) || u.Host == "" {
		return ErrAddress // the parser's error may quote a part of the password
	}
	request, err := http.NewRequestWithContext(s.ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return ErrAddress
	}
	response, err := s.limits.client().Do(request) //nolint:bodyclose // Stream.Close does
	if err != nil {
		return err
	}
	s.body = response.Body
	if response.StatusCode != http.StatusOK {
		return statusError(response.StatusCode)
	}
	if s.parts, err = multipart.NewReader(response.Body, response.Header.Get("Content-Type"), s.limits.maxFrame); err != nil {
		return err
	}
	if s.first, err = s.next(nil); err != nil {
		return err
	}
	s.Width, s.Height, err = picture.FrameSize(s.first)
	return err
}

// client returns a client for one request, without keep-alive: no connection
// outlives the stream.
func (l limits) client() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			DisableKeepAlives:      true,
			DisableCompression:     true,
			MaxResponseHeaderBytes: maxHeader,
		},
		CheckRedirect: func(to *http.Request, via []*http.Request) error {
			if !isHTTP(to.URL.Scheme) {
				return fmt.Errorf("the server redirects to an address of scheme %s: only http and https are supported", to.URL.Scheme)
			}
			if len(via) > l.redirects {
				return fmt.Errorf("the server redirects more than %d times", l.redirects)
			}
			return nil
		},
	}
}

func statusError(status int) error {
	text := fmt.Sprintf("the server answers %d %s", status, http.StatusText(status))
	if status == http.StatusUnauthorized {
		text += ": put name and password into the address, as http://name:password@camera.local/stream"
	}
	return errors.New(text)
}

// Read returns the next frame. It uses the memory of buf if that suffices. A
// stream does not end by itself, so its end is an error other than io.EOF.
func (s *Stream) Read(buf []byte) ([]byte, error) {
	if first := s.first; first != nil {
		s.first = nil
		return first, nil
	}
	frame, err := s.next(buf)
	if err != nil {
		return nil, s.explain(err)
	}
	return frame, nil
}

// next reads the next JPEG. It skips other parts: some servers send text to keep
// the connection open. Those do not reset the watchdog.
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
			s.watchdog.Reset(s.limits.frameTimeout)
			return buf, nil
		}
	}
}

// explain adds the stream's name to an error, and replaces errors that only
// follow from a cancelled request by the reason why it was cancelled.
func (s *Stream) explain(err error) error {
	var request *url.Error
	switch cause := context.Cause(s.ctx); {
	case cause != nil:
		err = cause
	case errors.As(err, &request):
		err = request.Err // without the address, which may contain a password
	case errors.Is(err, io.EOF):
		err = errors.New("the stream ended")
	}
	return fmt.Errorf("%s: %w", s.name, err)
}

// Close ends the stream. It unblocks a Read, which then fails with fs.ErrClosed.
func (s *Stream) Close() error {
	s.watchdog.Stop()
	s.cancel(fs.ErrClosed)
	if s.body == nil {
		return nil
	}
	return s.body.Close()
}
