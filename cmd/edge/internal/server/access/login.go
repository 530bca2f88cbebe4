package access

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// loginLimit bounds the body of the login form, in bytes.
const loginLimit = 4 << 10

// login exchanges a token for a cookie: GET takes a one-time token from the address, POST
// the token itself from a form.
//
// The response is a page that refreshes to the index, not an HTTP redirect. If the
// address was a link on another site, such as a web mailer, a redirect would still count
// as that site's request, and the browser would not send the new SameSite=Strict cookie.
func (g *Guard) login(w http.ResponseWriter, r *http.Request, client netip.Addr) {
	var token string
	switch r.Method {
	case http.MethodGet:
		token = r.URL.Query().Get("token")
	case http.MethodPost:
		r.Body = http.MaxBytesReader(w, r.Body, loginLimit)
		token = strings.TrimSpace(r.PostFormValue("token"))
	default:
		w.Header().Set("Allow", "GET, POST")
		refuse(w, r, http.StatusMethodNotAllowed, "GET or POST")
		return
	}
	if _, ok := g.sessions.check(r); ok || g.config.Open {
		g.page(w, http.StatusOK, g.config.SignedInPage, "")
		return
	}
	if token == "" {
		g.page(w, http.StatusUnauthorized, g.config.LoginPage, "")
		return
	}
	if wait := g.failures.wait(client, time.Now()); wait > 0 {
		g.tooMany(w, r, wait)
		return
	}
	if !g.isToken(token) && (r.Method != http.MethodGet || !g.accept(token)) {
		g.failures.failed(client, time.Now())
		g.challenge(w, r, http.StatusUnauthorized, "This address or token does not work. An address works once; edge prints a new one to its terminal after each use.")
		return
	}
	g.sessions.start(w, r)
	g.page(w, http.StatusOK, g.config.SignedInPage, "")
}

func (g *Guard) page(w http.ResponseWriter, status int, page []byte, message string) {
	if message != "" {
		message = `<p class="alert" role="alert">` + message + `</p>` // texts of this package only
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// With no-referrer a browser sends a form with Origin: null (Fetch, section 3.2,
	// "append a request Origin header"), which may be any site's.
	w.Header().Set("Referrer-Policy", "same-origin")
	w.WriteHeader(status)
	_, _ = w.Write(bytes.Replace(page, []byte(messageMark), []byte(message), 1))
}

// challenge requests a token: with the login page from a browser, with an error from a
// program.
func (g *Guard) challenge(w http.ResponseWriter, r *http.Request, status int, message string) {
	if (r.URL.Path == "/" || r.URL.Path == LoginPath) && strings.Contains(r.Header.Get("Accept"), "text/html") {
		g.page(w, status, g.config.LoginPage, message)
		return
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="edge"`)
		message = "this needs the token: send it as Authorization: Bearer TOKEN"
	}
	refuse(w, r, status, message)
}

func (g *Guard) tooMany(w http.ResponseWriter, r *http.Request, wait time.Duration) {
	seconds := int(wait/time.Second) + 1
	w.Header().Set("Retry-After", fmt.Sprint(seconds))
	g.challenge(w, r, http.StatusTooManyRequests, fmt.Sprintf("Too many wrong tokens. Try again in %d s.", seconds))
}

// refuse writes an error response. message must be a text of this package.
func refuse(w http.ResponseWriter, r *http.Request, status int, message string) {
	if !strings.HasPrefix(r.URL.Path, "/api/") {
		http.Error(w, message, status)
		return
	}
	body, _ := json.Marshal(map[string]string{"error": message}) // strings never fail
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}
