// Package access controls who may use an HTTP server on a board in a home network, and
// protects browsers from other sites.
//
// It checks a request in this order. First, its Host must be a name or an address of
// this machine, which prevents DNS rebinding: there the Host is the attacker's name.
// Second, the request must not come from another site's page. Third, unless the server
// is open, the request needs a session cookie or the token as a bearer token.
//
// A browser receives the cookie in exchange for a one-time token, which is part of an
// address that edge prints, or for the token itself, typed into a form. The key that
// signs cookies is derived from the token. So sessions survive a restart with the same
// token, and the server stores none.
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

// Config configures a Guard.
type Config struct {
	// Open admits every client without a token.
	Open bool

	// Token is the secret. It is not used if Open is set.
	Token string

	// Port is the server's port. It is part of the cookie's name.
	Port int

	// Names are the host names that a Host header may have.
	Names []string

	// OnlyLoopback restricts IP addresses in a Host header to loopback addresses, for a
	// server that listens on no other. Otherwise every IP address is accepted: DNS
	// rebinding needs a name.
	OnlyLoopback bool

	// Proxies are the addresses whose X-Forwarded headers are trusted.
	Proxies []netip.Prefix

	// Public are paths that need no token, such as the style sheet of the login page.
	Public []string

	// LoginPage is sent to a browser that is not signed in; a message replaces
	// messageMark in it. SignedInPage is sent after the login and redirects to the page.
	LoginPage, SignedInPage []byte

	// Invited is called with each new one-time token: by New, and again whenever one was
	// used. It may be nil.
	Invited func(token string)
}

// messageMark is the placeholder for a message in the login page.
const messageMark = "<!--message-->"

// LoginPath is the path that exchanges a token for a cookie.
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

// New returns a Guard. It calls config.Invited unless config.Open is set.
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

// accept reports whether a token is the one-time token, and replaces it if so.
func (g *Guard) accept(token string) bool {
	hash := sha256.Sum256([]byte(token))
	g.mu.Lock()
	ok := subtle.ConstantTimeCompare(hash[:], g.invitation[:]) == 1
	if ok {
		g.invitation = sha256.Sum256([]byte(NewToken())) // no second request may use it before invite
	}
	g.mu.Unlock()
	if ok {
		g.invite()
	}
	return ok
}

// isToken reports whether a token is config.Token, in constant time.
func (g *Guard) isToken(token string) bool {
	got, want := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(g.config.Token))
	return g.config.Token != "" && subtle.ConstantTimeCompare(got[:], want[:]) == 1
}

// Wrap returns a handler that passes permitted requests to next and refuses others.
func (g *Guard) Wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header())
		known := g.knowsHosts(r)
		r, client := g.forwarded(r)
		if !known {
			refuse(w, r, http.StatusMisdirectedRequest, "this server does not answer to this host name; if the name is correct, start edge with --allow-host NAME")
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

// allows reports whether a request is permitted. If not, it writes the response.
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

// bearer returns the token of an Authorization header: that of the scheme Bearer, or the
// password of Basic, because some camera viewers and scrapers support only that.
func bearer(r *http.Request) (token string, given bool) {
	if _, password, ok := r.BasicAuth(); ok {
		return password, true
	}
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "Bearer")
}

// setHeaders sets the headers of every response.
func setHeaders(h http.Header) {
	// Inline scripts and styles are forbidden, so that a label on the page can never run
	// as a script. No other site may embed the page or its pictures.
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

// checkOrigin refuses requests from pages of other sites: those that change something,
// and those for embedded resources. Following a link to the page is allowed.
//
// Browsers send Sec-Fetch-Site only to https and to localhost (Fetch Metadata Request
// Headers, section 2: potentially trustworthy URLs), and not before 2023. Without it
// Origin and Referer are checked. A page on another port of this machine can suppress
// its Referer and request a picture with the cookie; Cross-Origin-Resource-Policy
// prevents the browser from showing the response.
func (g *Guard) checkOrigin(r *http.Request) error {
	if err := g.origin.Check(r); err != nil {
		return errOtherSite
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site": // same-site is another port of this machine: another program
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

// hasData reports whether a path belongs to the pictures or the API and not to the page.
func hasData(path string) bool {
	return path == "/stream.mjpg" || path == "/snapshot.jpg" || strings.HasPrefix(path, "/api/")
}

// isOther reports whether a header names another host or port than the request. Programs
// do not send such headers, and edge's own page sends no Referer.
func isOther(r *http.Request, header string) bool {
	text := r.Header.Get(header)
	if text == "" {
		return false
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" { // such as Origin: null
		return true
	}
	// Browsers omit the default port, proxies may add it.
	port := map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
	return !strings.EqualFold(strings.TrimSuffix(u.Host, port), strings.TrimSuffix(r.Host, port))
}
