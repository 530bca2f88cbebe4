// Package access decides who may use an HTTP server on a small board in a home
// network, and protects browsers from other sites.
//
// A request passes these checks, in this order: its Host must be one of this
// machine's names (a page of another site whose name suddenly means this machine, DNS
// rebinding, has another one); it must not come from another site's page; and, unless
// the server is open, it needs a session cookie or the token as a bearer token.
//
// A browser receives the cookie for a one-time token, which is in an address that
// edge prints, or for the token itself, which a person types. The cookie is signed
// with a key that follows from the token, so sessions survive a restart if the token
// does, and the server keeps no list of them.
package access

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Config says who may use the server.
type Config struct {
	// Open lets everybody in who reaches the server, without a token.
	Open bool

	// Token is the secret. It is not used if Open is set.
	Token string

	// Port is where the server listens. Sessions belong to it.
	Port int

	// Names are the names of this machine that a Host header may have.
	Names []string

	// OnlyLoopback accepts only loopback addresses in a Host header, for a server that
	// listens on no other. Otherwise any IP address is accepted: an address cannot be
	// rebound.
	OnlyLoopback bool

	// Proxies are the addresses whose X-Forwarded headers are believed.
	Proxies []netip.Prefix

	// Public are paths that need no token, such as the style sheet of the login page.
	Public []string

	// LoginPage is shown to a browser that is not signed in. messageMark in it is
	// replaced by a message. SignedInPage is shown when it is, and leads to the page.
	LoginPage, SignedInPage []byte

	// Invited is called with each new one-time token: the first, and another one after
	// each that was used. It may be nil.
	Invited func(token string)
}

// messageMark is where the login page has its message.
const messageMark = "<!--message-->"

// LoginPath is where a one-time token is exchanged for a cookie.
const LoginPath = "/login"

// Guard checks requests.
type Guard struct {
	config   Config
	origin   *http.CrossOriginProtection
	sessions sessions
	failures *limiter

	mu         sync.Mutex
	invitation [sha256.Size]byte // hash of the one-time token
}

// New returns a Guard. It calls config.Invited if there is a token.
func New(config Config) *Guard {
	g := &Guard{
		config:   config,
		origin:   http.NewCrossOriginProtection(),
		sessions: newSessions(cookieName(config.Port), config.Token),
		failures: newLimiter(),
	}
	if !config.Open {
		g.invite()
	}
	return g
}

// NewToken returns a random token of 128 bits.
func NewToken() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// invite replaces the one-time token.
func (g *Guard) invite() {
	token := NewToken()
	g.mu.Lock()
	g.invitation = sha256.Sum256([]byte(token))
	g.mu.Unlock()
	if g.config.Invited != nil {
		g.config.Invited(token)
	}
}

// accept uses up the one-time token.
func (g *Guard) accept(token string) bool {
	hash := sha256.Sum256([]byte(token))
	g.mu.Lock()
	ok := subtle.ConstantTimeCompare(hash[:], g.invitation[:]) == 1
	if ok {
		g.invitation = sha256.Sum256([]byte(NewToken())) // nobody else's, until invite
	}
	g.mu.Unlock()
	if ok {
		g.invite()
	}
	return ok
}

// isToken compares in a time that does not depend on how much is right.
func (g *Guard) isToken(token string) bool {
	got, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(g.config.Token))
	return g.config.Token != "" && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// Wrap returns a handler that passes on what may pass.
func (g *Guard) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header())
		known := g.knowsHosts(r)
		r, client := g.forwarded(r)
		if !known {
			refuse(w, r, http.StatusMisdirectedRequest, "this server does not answer to this host name; if it is one of its own, start edge with --allow-host NAME")
			return
		}
		if err := g.checkOrigin(r); err != nil {
			refuse(w, r, http.StatusForbidden, err.Error())
			return
		}
		if r.URL.Path == LoginPath {
			g.login(w, r, client)
			return
		}
		if g.allows(w, r, client) {
			next.ServeHTTP(w, r)
		}
	})
}

// allows reports whether a request may pass, and answers it if not.
func (g *Guard) allows(w http.ResponseWriter, r *http.Request, client netip.Addr) bool {
	if g.config.Open || g.isPublic(r.URL.Path) {
		return true
	}
	if expires, ok := g.sessions.check(r); ok {
		if r.URL.Path == "/" && time.Until(expires) < sessionTime/2 {
			g.sessions.start(w, r)
		}
		return true
	}
	token, given := bearer(r)
	if !given {
		g.challenge(w, r, http.StatusUnauthorized, "")
		return false
	}
	if wait := g.failures.wait(client, time.Now()); wait > 0 {
		g.tooMany(w, r, wait)
		return false
	}
	if g.isToken(token) {
		return true
	}
	g.failures.failed(client, time.Now())
	g.challenge(w, r, http.StatusUnauthorized, "")
	return false
}

func (g *Guard) isPublic(path string) bool {
	for _, p := range g.config.Public {
		if p == path {
			return true
		}
	}
	return false
}

// bearer returns the token of an Authorization header: of the scheme Bearer, or the
// password of Basic, which is what cameras viewers and scrapers know.
func bearer(r *http.Request) (token string, given bool) {
	if _, password, ok := r.BasicAuth(); ok {
		return password, true
	}
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "Bearer")
}

// setHeaders sets what every response has.
func setHeaders(h http.Header) {
	// Nothing of the page is in line, so that a label in it can never be a script; and
	// no other site may show the page or its pictures.
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "+
		"form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY") // for browsers without frame-ancestors
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Set("Cache-Control", "no-store")
}

var errOtherSite = errors.New("this request comes from a page of another site")

// checkOrigin refuses what pages of other sites send: requests that change something,
// and requests for parts of a page. A link to the page is fine.
//
// Browsers tell by Sec-Fetch-Site where a request comes from, but only to https and to
// localhost (Fetch Metadata Request Headers, section 2: potentially trustworthy URLs),
// and those of before 2023 to nobody. For the others there are Origin and Referer. A
// page may leave out its Referer and then ask for a picture with the cookie, if it is
// on another port of this machine; Cross-Origin-Resource-Policy keeps the browser from
// showing the answer.
func (g *Guard) checkOrigin(r *http.Request) error {
	if err := g.origin.Check(r); err != nil {
		return errOtherSite
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site": // another port of this machine is another program
		if r.Header.Get("Sec-Fetch-Mode") != "navigate" || r.Header.Get("Sec-Fetch-Dest") != "document" {
			return errOtherSite
		}
	case "":
		if hasData(r.URL.Path) && (isOther(r, "Origin") || isOther(r, "Referer")) {
			return errOtherSite
		}
	}
	return nil
}

// hasData reports whether a path is that of pictures or of the API, not of the page.
func hasData(path string) bool {
	return path == "/stream.mjpg" || path == "/snapshot.jpg" || strings.HasPrefix(path, "/api/")
}

// isOther reports whether a header has an address of another host or port than the
// request. A program sends no such header, and edge's own page no Referer.
func isOther(r *http.Request, header string) bool {
	text := r.Header.Get(header)
	if text == "" {
		return false
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" { // as Origin: null
		return true
	}
	// Browsers leave out the default port, proxies may add it.
	port := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	return !strings.EqualFold(strings.TrimSuffix(u.Host, port), strings.TrimSuffix(r.Host, port))
}
