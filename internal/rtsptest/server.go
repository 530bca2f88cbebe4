package rtsptest

import (
	"crypto/tls"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bluenviron/gortsplib/v5"
	"github.com/bluenviron/gortsplib/v5/pkg/auth"
	"github.com/bluenviron/gortsplib/v5/pkg/base"
	"github.com/bluenviron/gortsplib/v5/pkg/description"
	"github.com/bluenviron/gortsplib/v5/pkg/format"
	"github.com/bluenviron/gortsplib/v5/pkg/liberrors"
	"github.com/stretchr/testify/require"
)

// Path is the path of the film on a server.
const Path = "/film"

// Config configures a server.
type Config struct {
	Name, Password string              // required from clients, unless Name is empty
	Methods        []auth.VerifyMethod // of authentication
	TLS            *tls.Config         // for rtsps
}

// Server is a network camera. Its methods are safe for concurrent use.
type Server struct {
	config  Config
	film    *Film
	address string // host and port; guarded by mu
	silent  atomic.Bool
	plays   atomic.Int32
	logins  atomic.Int32
	frame   atomic.Int64

	mu      sync.Mutex
	running *running // nil while the camera is off
}

// running is the state of a camera that is on.
type running struct {
	server *gortsplib.Server
	stream *gortsplib.ServerStream
	stop   chan struct{}
	done   chan struct{}
}

// Start starts a server on a free port of the loopback interface.
func Start(t testing.TB, film *Film, c Config) *Server {
	t.Helper()
	s := &Server{config: c, film: film, address: "127.0.0.1:0"}
	require.NoError(t, s.On())
	t.Cleanup(s.Off)
	return s
}

// Host returns the server's host and port.
func (s *Server) Host() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.address
}

// URL returns the address of the film, with name and password.
func (s *Server) URL() string {
	u := url.URL{Scheme: "rtsp", Host: s.Host(), Path: Path}
	if s.config.TLS != nil {
		u.Scheme = "rtsps"
	}
	if s.config.Name != "" {
		u.User = url.UserPassword(s.config.Name, s.config.Password)
	}
	return u.String()
}

// On switches the camera on. It keeps its address.
func (s *Server) On() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	server := &gortsplib.Server{
		Handler: s, RTSPAddress: s.address, TLSConfig: s.config.TLS, AuthMethods: s.config.Methods,
		Listen: func(network, address string) (net.Listener, error) {
			l, err := net.Listen(network, address)
			if err == nil {
				s.address = l.Addr().String()
			}
			return l, err
		},
	}
	if err := server.Start(); err != nil {
		return err
	}
	video := &format.H264{PayloadTyp: 96, PacketizationMode: 1, SPS: s.film.sps, PPS: s.film.pps}
	media := &description.Media{Type: description.MediaTypeVideo, Formats: []format.Format{video}}
	stream := &gortsplib.ServerStream{Server: server, Desc: &description.Session{Medias: []*description.Media{media}}}
	if err := stream.Initialize(); err != nil {
		return err
	}
	s.running = &running{server, stream, make(chan struct{}), make(chan struct{})}
	go s.send(s.running, media, video)
	return nil
}

// Off switches the camera off: it closes its connections and refuses new ones.
func (s *Server) Off() {
	s.mu.Lock()
	r := s.running
	s.running = nil
	s.mu.Unlock() // before Close, which waits for the handlers
	if r == nil {
		return
	}
	close(r.stop)
	<-r.done
	r.stream.Close()
	r.server.Close()
	_ = r.server.Wait() // always returns an error after Close
}

// Silence stops or resumes sending frames. Connections stay open.
func (s *Server) Silence(silent bool) { s.silent.Store(silent) }

// Plays returns the number of PLAY requests.
func (s *Server) Plays() int { return int(s.plays.Load()) }

// Logins returns the number of DESCRIBE requests with credentials.
func (s *Server) Logins() int { return int(s.logins.Load()) }

// Frame returns the number of the last frame sent, counted from 0. It keeps counting
// when the film starts again.
func (s *Server) Frame() int { return int(s.frame.Load()) }

// send sends the film to all clients until the camera is switched off.
func (s *Server) send(r *running, media *description.Media, video *format.H264) {
	defer close(r.done)
	encoder, err := video.CreateEncoder()
	if err != nil {
		panic(err)
	}
	const clock = 90_000 // RTP clock rate in Hz, RFC 6184, 5.1
	ticker := time.NewTicker(time.Second / time.Duration(s.film.Rate))
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-r.stop:
			return
		case <-ticker.C:
		}
		if s.silent.Load() {
			continue
		}
		packets, err := encoder.Encode(s.film.frames[n%len(s.film.frames)])
		if err != nil {
			panic(err)
		}
		s.frame.Store(int64(n))
		for _, packet := range packets {
			packet.Timestamp += uint32(uint64(n) * clock / uint64(s.film.Rate))
			_ = r.stream.WritePacketRTP(media, packet) // fails once the stream is closed
		}
	}
}

// OnDescribe implements gortsplib.ServerHandlerOnDescribe.
func (s *Server) OnDescribe(ctx *gortsplib.ServerHandlerOnDescribeCtx) (*base.Response, *gortsplib.ServerStream, error) {
	if ctx.Request.Header["Authorization"] != nil {
		s.logins.Add(1)
	}
	return s.respond(ctx.Conn, ctx.Request, ctx.Path)
}

// OnSetup implements gortsplib.ServerHandlerOnSetup.
func (s *Server) OnSetup(ctx *gortsplib.ServerHandlerOnSetupCtx) (*base.Response, *gortsplib.ServerStream, error) {
	return s.respond(ctx.Conn, ctx.Request, ctx.Path)
}

// OnPlay implements gortsplib.ServerHandlerOnPlay.
func (s *Server) OnPlay(*gortsplib.ServerHandlerOnPlayCtx) (*base.Response, error) {
	s.plays.Add(1)
	return &base.Response{StatusCode: base.StatusOK}, nil
}

func (s *Server) respond(conn *gortsplib.ServerConn, request *base.Request, path string) (*base.Response, *gortsplib.ServerStream, error) {
	if s.config.Name != "" && !conn.VerifyCredentials(request, s.config.Name, s.config.Password) {
		return &base.Response{StatusCode: base.StatusUnauthorized}, nil, liberrors.ErrServerAuth{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if path != Path || s.running == nil {
		return &base.Response{StatusCode: base.StatusNotFound}, nil, nil
	}
	return &base.Response{StatusCode: base.StatusOK}, s.running.stream, nil
}
