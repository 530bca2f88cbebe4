// Package server serves what cameras see over HTTP, to browsers and programs: a page, a
// video stream (MJPEG), the state, events as they happen, the history of events,
// metrics, and the classification of uploaded pictures. openapi.json describes the
// interface.
//
// A Server has one Sink for each camera, which a pipeline.Runner feeds. Pictures are
// copied and encoded only while there are viewers, at most five a second, and all
// viewers share the encoded picture; and one small picture of each class that appears.
package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/netutil"

	"halfmeg/camera/pixel"
	"halfmeg/cmd/edge/internal/pihealth"
	"halfmeg/cmd/edge/internal/server/access"
	"halfmeg/cmd/edge/internal/server/history"
	"halfmeg/model/classify"
)

// Config says where to listen and who has access.
type Config struct {
	Listen         string         // address and port, such as 127.0.0.1:8080 or :8080
	AllowHosts     []string       // additional names of this machine
	TLSCert        string         // file of the certificate and its chain, PEM, loaded again when it changes; empty for plain HTTP
	TLSKey         string         // file of its key, PEM
	TokenFile      string         // holds the token, created if it does not exist; empty for a new token each start
	TrustedProxies []netip.Prefix // whose X-Forwarded headers are trusted

	Network string // name of the network, for the page
	Version string // of edge, for the page

	// Classify serves POST /api/classify; nil disables it. The server never calls it
	// concurrently.
	Classify func(context.Context, pixel.Image) ([]classify.Class, error)

	// Missed returns the number of frames that each output has missed, by name. It may be
	// nil.
	Missed func() map[string]int

	Health func() pihealth.State // of the board; it may be nil
	Stderr io.Writer             // for the page's addresses and the server's errors
}

// Limits of the server. Together they fit a board with 512 MB of memory.
const (
	maxConnections  = 256
	maxStreams      = 32 // including requests for a single picture
	maxEventStreams = 64
	maxHeaderBytes  = 16 << 10

	headerTimeout = 10 * time.Second
	idleTimeout   = 60 * time.Second
	bodyTimeout   = 30 * time.Second // to read the body of a request
	answerTimeout = 60 * time.Second // to read the body and write a response that is not a stream
	slowTimeout   = 10 * time.Second // to write one message or picture of a stream
	closeTimeout  = 2 * time.Second

	// sendBuffer bounds the kernel's send buffer, in bytes: a larger one would only
	// deliver older pictures to a slow client.
	sendBuffer = 256 << 10

	maxEvents       = 1000
	maxPictureBytes = 4 << 20
)

// Server serves HTTP until Close.
type Server struct {
	config   Config
	listener net.Listener
	http     *http.Server
	ended    context.Context // cancelled by Close
	end      context.CancelFunc
	served   chan error
	started  time.Time

	history *history.Store
	boot    string // prefix of event ids, distinguishes this process from earlier ones

	streams, eventStreams slots
	classifying           classifying
	metrics               *metrics

	mu      sync.Mutex
	cameras []*Sink
	changed chan struct{} // closed when the state changes
}

// New starts a server.
func New(config Config) (*Server, error) {
	listener, err := listen(&config)
	if err != nil {
		return nil, err
	}
	s, err := serve(config, listener)
	if err != nil {
		_ = listener.Close()
	}
	return s, err
}

// serve starts a server on a listener.
func serve(config Config, listener net.Listener) (*Server, error) {
	if config.Health == nil {
		config.Health = func() pihealth.State { return pihealth.State{} }
	}
	if config.Stderr == nil {
		config.Stderr = io.Discard
	}
	s := &Server{
		config:       config,
		listener:     listener,
		served:       make(chan error, 1),
		started:      time.Now(),
		history:      history.New(maxEvents, maxPictureBytes),
		boot:         strconv.FormatInt(time.Now().UnixMilli(), 36),
		streams:      newSlots(maxStreams),
		eventStreams: newSlots(maxEventStreams),
		classifying:  newClassifying(),
		changed:      make(chan struct{}),
	}
	s.metrics = newMetrics(s)
	s.ended, s.end = context.WithCancel(context.Background())
	security, err := s.security()
	if err != nil {
		return nil, err
	}
	handler, err := s.handler()
	if err != nil {
		return nil, err
	}
	s.http = &http.Server{
		Handler:           handler,
		TLSConfig:         security,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		BaseContext:       func(net.Listener) context.Context { return s.ended },
		ConnContext:       limitSendBuffer,
		ErrorLog:          log.New(errorLog{config.Stderr}, "edge: ", 0),
	}
	go func() { s.served <- s.accept() }()
	return s, nil
}

func (s *Server) accept() error {
	limited := netutil.LimitListener(s.listener, maxConnections)
	if s.http.TLSConfig != nil {
		return s.http.ServeTLS(limited, "", "") // the certificate is in TLSConfig
	}
	return s.http.Serve(limited)
}

// security returns the configuration of TLS, or nil for plain HTTP.
func (s *Server) security() (*tls.Config, error) {
	if s.config.TLSCert == "" {
		return nil, nil
	}
	c, err := newCertificate(s.config.TLSCert, s.config.TLSKey, func(err error) { fmt.Fprintln(s.config.Stderr, "edge:", err) })
	if err != nil {
		return nil, err
	}
	return &tls.Config{GetCertificate: c.get}, nil
}

// handler returns the handler of all requests: the routes with access control, counters
// and deadlines.
func (s *Server) handler() (http.Handler, error) {
	token, err := s.token()
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	for _, r := range s.routes() {
		mux.Handle(r.pattern, s.count(r.pattern, r.handler))
	}
	guard := access.New(s.access(token))
	return withDeadline(guard.Wrap(mux)), nil
}

// withDeadline sets the deadlines of a request. Streams replace them.
func withDeadline(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		_ = c.SetReadDeadline(time.Now().Add(bodyTimeout)) // httptest.ResponseRecorder has no deadlines
		_ = c.SetWriteDeadline(time.Now().Add(answerTimeout))
		next.ServeHTTP(w, r)
	})
}

func limitSendBuffer(ctx context.Context, c net.Conn) context.Context {
	if t, ok := c.(interface{ NetConn() net.Conn }); ok { // TLS
		c = t.NetConn()
	}
	if b, ok := c.(interface{ SetWriteBuffer(int) error }); ok {
		_ = b.SetWriteBuffer(sendBuffer) // if it fails, slow clients see older pictures
	}
	return ctx
}

// errorLog passes on the errors that package http logs, such as a panic, except those
// that any client can cause.
type errorLog struct{ to io.Writer }

func (e errorLog) Write(line []byte) (int, error) {
	if strings.Contains(string(line), "TLS handshake error") {
		return len(line), nil
	}
	return e.to.Write(line)
}

// Addr returns the address that the server listens on.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Close ends all streams and stops the server. Later calls do nothing.
func (s *Server) Close() error {
	if s.ended.Err() != nil {
		return nil
	}
	s.end()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil { // a client did not finish in time
		err = s.http.Close()
	}
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(served, err)
	}
	return err
}

// slots is a counting semaphore.
type slots chan struct{}

func newSlots(n int) slots { return make(slots, n) }

// take takes a slot, or returns false if none is free.
func (s slots) take() bool {
	select {
	case s <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s slots) release() { <-s }
