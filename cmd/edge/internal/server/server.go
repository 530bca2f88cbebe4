// Package server shows what cameras see to browsers and programs: a page, the moving
// picture, the state, events as they happen and those of before, metrics, and an
// answer for a picture that is sent in. openapi.json describes the interface.
//
// A Server has a sink for each camera, through which a pipeline.Runner tells it
// everything. Pictures are copied and encoded only while somebody looks, at most a few
// times a second, once for all who look.
package server

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
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

// Config says where to listen and whom to let in.
type Config struct {
	Listen         string         // address and port, as 127.0.0.1:8080 or :8080
	AllowHosts     []string       // more names of this machine
	TLSCert        string         // file of the certificate and its chain, PEM; empty for plain HTTP
	TLSKey         string         // file of its key, PEM
	TokenFile      string         // holds the token, and is made if it is missing; empty for a new token each time
	TrustedProxies []netip.Prefix // whose X-Forwarded headers are believed

	Network string // what the network is called, for the page
	Version string // of edge, for the page

	// Classify answers POST /api/classify; nil if that is not offered. It is called by
	// one goroutine at a time.
	Classify func(context.Context, pixel.Image) ([]classify.Class, error)

	// Missed returns how many frames each output was too slow for; nil for no figures.
	Missed func() map[string]int

	Health func() pihealth.State // of the board; nil for this machine's
	Stderr io.Writer             // for addresses to open, and errors of the server
}

// Limits of the server. A board with 512 MB of memory has room for all at once.
const (
	maxConnections  = 256
	maxStreams      = 32 // and requests for a single picture
	maxEventStreams = 64
	maxHeaderBytes  = 16 << 10

	headerTimeout = 10 * time.Second
	idleTimeout   = 60 * time.Second
	bodyTimeout   = 30 * time.Second // to read the body of a request
	answerTimeout = 60 * time.Second // to read it and to write an answer that is no stream
	slowTimeout   = 10 * time.Second // to write one piece of a stream
	closeTimeout  = 2 * time.Second

	// sendBuffer bounds what the kernel keeps for a reader who falls behind, in bytes:
	// more would only be older pictures.
	sendBuffer = 256 << 10

	maxEvents       = 1000
	maxPictureBytes = 4 << 20
)

// Server serves HTTP until Close.
type Server struct {
	config   Config
	listener net.Listener
	http     *http.Server
	ended    context.Context // until Close
	end      context.CancelFunc
	served   chan error
	started  time.Time

	history *history.Store
	boot    string // distinguishes event numbers of this process

	streams, eventStreams slots
	classifying           classifying
	board                 board
	metrics               *metrics

	mu      sync.Mutex
	cameras []*Sink
	version uint64        // of the state
	changed chan struct{} // closed when the state changes
}

// New listens and starts to serve.
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

// serve starts to serve what a listener accepts.
func serve(config Config, listener net.Listener) (*Server, error) {
	if config.Health == nil {
		config.Health = func() pihealth.State { return pihealth.Read(os.DirFS("/")) }
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
		board:        board{read: config.Health},
		changed:      make(chan struct{}),
	}
	s.metrics = newMetrics(s)
	s.ended, s.end = context.WithCancel(context.Background())
	handler, err := s.guard()
	if err != nil {
		return nil, err
	}
	s.http = &http.Server{
		Handler:           handler,
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
	if s.config.TLSCert != "" {
		return s.http.ServeTLS(limited, s.config.TLSCert, s.config.TLSKey)
	}
	return s.http.Serve(limited)
}

// guard returns the handler of all requests.
func (s *Server) guard() (http.Handler, error) {
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

// withDeadline bounds the time of an answer. Streams set deadlines of their own.
func withDeadline(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		_ = c.SetReadDeadline(time.Now().Add(bodyTimeout)) // a test's recorder has none
		_ = c.SetWriteDeadline(time.Now().Add(answerTimeout))
		next.ServeHTTP(w, r)
	})
}

func limitSendBuffer(ctx context.Context, c net.Conn) context.Context {
	if t, ok := c.(interface{ NetConn() net.Conn }); ok { // TLS
		c = t.NetConn()
	}
	if b, ok := c.(interface{ SetWriteBuffer(int) error }); ok {
		_ = b.SetWriteBuffer(sendBuffer) // without it old pictures are shown
	}
	return ctx
}

// errorLog passes on what package http logs, such as a panic, but not what any
// stranger on the network can cause.
type errorLog struct{ to io.Writer }

func (e errorLog) Write(line []byte) (int, error) {
	if strings.Contains(string(line), "TLS handshake error") {
		return len(line), nil
	}
	return e.to.Write(line)
}

// Addr is where the server listens.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Close ends all streams and the server. Later calls do nothing.
func (s *Server) Close() error {
	if s.ended.Err() != nil {
		return nil
	}
	s.end()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil { // a client that takes its time
		err = s.http.Close()
	}
	if served := <-s.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(served, err)
	}
	return err
}

// slots bound how many do the same at once.
type slots chan struct{}

func newSlots(n int) slots { return make(slots, n) }

func (s slots) take() bool {
	select {
	case s <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s slots) leave() { <-s }
