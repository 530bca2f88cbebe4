// Package web reads MJPEG over HTTP, which network cameras, phones and
// mjpg-streamer send: an answer of the type multipart/x-mixed-replace that does
// not end, each part a JPEG.
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

// ErrAddress marks addresses that cannot be asked for.
var ErrAddress = errors.New("not the address of a stream, as http://camera.local/stream; in a name or password write / as %2F, @ as %40")

// errHang is why a stream is given up that sends nothing.
var errHang = errors.New("no frame came in time: the stream hangs")

// limits are what is borne with.
type limits struct {
	patience  time.Duration // for the first frame, and from each to the next
	maxFrame  int           // bytes
	redirects int
}

var usual = limits{patience: 10 * time.Second, maxFrame: 16 << 20, redirects: 5}

// maxHeader is the longest header of an answer, in bytes.
const maxHeader = 64 << 10

// Stream is an open stream. Close may be called from any goroutine.
type Stream struct {
	Width, Height int // of its first frame, in pixels

	name   string
	limits limits
	ctx    context.Context // of the request; its cause is why it ended
	cancel context.CancelCauseFunc
	alarm  *time.Timer // ends a stream that hangs
	body   io.Closer
	parts  *multipart.Reader
	first  []byte // the first frame, until it is read
}

// IsAddress tells whether a name is meant as an address.
func IsAddress(name string) bool {
	scheme, _, ok := strings.Cut(name, "://")
	return ok && isHTTP(scheme)
}

func isHTTP(scheme string) bool {
	return strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")
}

// Name is an address to show to people: without user and password, nor the
// query, where many cameras take them.
func Name(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "http://…"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// Open asks for a stream and waits for its first frame. The context covers the
// opening alone.
func Open(ctx context.Context, address string) (*Stream, error) {
	return open(ctx, address, usual)
}

func open(ctx context.Context, address string, l limits) (*Stream, error) {
	s := &Stream{name: Name(address), limits: l}
	s.ctx, s.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	s.alarm = time.AfterFunc(l.patience, func() { s.cancel(errHang) })
	stop := context.AfterFunc(ctx, func() { s.cancel(ctx.Err()) })
	defer stop()
	if err := s.start(address); err != nil {
		err = s.explain(err)
		_ = s.Close() // what failed first says more
		return nil, err
	}
	return s, nil
}

func (s *Stream) start(address string) error {
	u, err := url.Parse(address)
	if err != nil || !isHTTP(u.Scheme) || u.Host == "" {
		return ErrAddress // the parser's words could have a piece of the password
	}
	request, err := http.NewRequestWithContext(s.ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return ErrAddress
	}
	answer, err := s.limits.client().Do(request) //nolint:bodyclose // Stream.Close does
	if err != nil {
		return err
	}
	s.body = answer.Body
	if answer.StatusCode != http.StatusOK {
		return refusal(answer.StatusCode)
	}
	if s.parts, err = multipart.NewReader(answer.Body, answer.Header.Get("Content-Type"), s.limits.maxFrame); err != nil {
		return err
	}
	if s.first, err = s.next(nil); err != nil {
		return err
	}
	s.Width, s.Height, err = picture.FrameSize(s.first)
	return err
}

// client makes a client for one request, so that nothing is left of it.
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
				return fmt.Errorf("it redirects to an address of %s, not of http or https", to.URL.Scheme)
			}
			if len(via) > l.redirects {
				return fmt.Errorf("it redirects more than %d times", l.redirects)
			}
			return nil
		},
	}
}

func refusal(status int) error {
	text := fmt.Sprintf("the server answers %d %s", status, http.StatusText(status))
	if status == http.StatusUnauthorized {
		text += ": give name and password, as http://name:password@camera.local/stream"
	}
	return errors.New(text)
}

// Read reads the next frame into the memory of buf, or other memory. A stream
// that ends or hangs is an error.
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

// next passes over parts that are no JPEG, such as words that only keep the
// connection.
func (s *Stream) next(buf []byte) ([]byte, error) {
	for {
		var err error
		if buf, err = s.parts.Read(buf); err != nil {
			return nil, err
		}
		if err := context.Cause(s.ctx); err != nil {
			return nil, err
		}
		if bytes.HasPrefix(buf, []byte{0xff, 0xd8}) {
			s.alarm.Reset(s.limits.patience)
			return buf, nil
		}
	}
}

// explain says which stream it is and why it ended.
func (s *Stream) explain(err error) error {
	var request *url.Error
	switch cause := context.Cause(s.ctx); {
	case cause != nil:
		err = cause
	case errors.As(err, &request):
		err = request.Err // without the address, which may hold a password
	case errors.Is(err, io.EOF):
		err = errors.New("the stream ended")
	}
	return fmt.Errorf("%s: %w", s.name, err)
}

// Close ends the stream, and a Read that waits.
func (s *Stream) Close() error {
	s.alarm.Stop()
	s.cancel(fs.ErrClosed)
	if s.body == nil {
		return nil
	}
	return s.body.Close()
}
