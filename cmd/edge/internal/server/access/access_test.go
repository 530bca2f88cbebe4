package access

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

const secret = "0123456789abcdef"

// port is the port of the servers in these tests, and sessionCookie the name of their
// cookie.
const (
	port          = 8080
	sessionCookie = "edge_session_8080"
)

// guarded is a server that answers "in" to permitted requests.
type guarded struct {
	http.Handler
	invited string // the current one-time token
}

func newGuarded(c Config) *guarded {
	g := &guarded{}
	c.Invited = func(token string) { g.invited = token }
	if c.Token == "" && !c.Open {
		c.Token = secret
	}
	if c.Port == 0 {
		c.Port = port
	}
	c.LoginPage, c.SignedInPage = []byte("login "+messageMark), []byte("signed in")
	g.Handler = New(c).Wrap(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "in ", r.URL.Path)
	}))
	return g
}

// answer is a response with its parsed cookies.
type answer struct {
	status  int
	header  http.Header
	cookies []*http.Cookie
	body    string
}

func (g *guarded) serve(r *http.Request) answer {
	w := httptest.NewRecorder()
	g.ServeHTTP(w, r)
	a := answer{status: w.Code, header: w.Header(), body: w.Body.String()}
	for _, line := range w.Header().Values("Set-Cookie") {
		if c, err := http.ParseSetCookie(line); err == nil {
			a.cookies = append(a.cookies, c)
		}
	}
	return a
}

// send sends a request with headers, given as pairs of name and value.
func (g *guarded) send(method, target string, headers ...string) answer {
	r := httptest.NewRequest(method, target, nil)
	r.RemoteAddr = "192.168.1.9:5000"
	for i := 0; i < len(headers); i += 2 {
		switch headers[i] {
		case "Host":
			r.Host = headers[i+1]
		case "Peer":
			r.RemoteAddr = headers[i+1]
		default:
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	return g.serve(r)
}

const lan = "http://192.168.1.5:8080"

func TestHosts(t *testing.T) {
	for _, c := range []struct {
		host   string
		anyIP  int
		onLoop int
	}{
		{"127.0.0.1:8080", 200, 200},
		{"localhost:8080", 200, 200},
		{"LOCALHOST", 200, 200},
		{"[::1]:8080", 200, 200},
		{"192.168.1.5:8080", 200, 421},
		{"pi.local", 200, 200},
		{"pi.local.:8080", 200, 200},
		{"0.0.0.0:8080", 421, 421},
		{"[::]:8080", 421, 421},
		{"evil.example", 421, 421},
		{"127.0.0.1.evil.example:8080", 421, 421},
		{"localhost.evil.example", 421, 421},
		{"pi.local.evil.example", 421, 421},
		{"pi.local@evil.example", 421, 421},
		{"", 421, 421},
		{"2130706433", 421, 421}, // 127.0.0.1 as a number
	} {
		for only, want := range map[bool]int{false: c.anyIP, true: c.onLoop} {
			g := newGuarded(Config{Open: true, Names: []string{"pi.local"}, OnlyLoopback: only})
			require.Equal(t, want, g.send("GET", "/api/state", "Host", c.host).status, "%q %v", c.host, only)
		}
	}
}

// Pages of other sites can neither send requests that change something nor embed a
// picture. Links in them work.
func TestOtherSites(t *testing.T) {
	g := newGuarded(Config{Open: true})
	for _, c := range []struct {
		method  string
		headers []string
		want    int
	}{
		{"GET", nil, 200},
		{"POST", nil, 200}, // a program
		{"POST", []string{"Origin", lan}, 200},
		{"POST", []string{"Origin", "http://evil.example"}, 403},
		{"POST", []string{"Origin", "null"}, 403},
		{"POST", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"POST", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"POST", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"}, 403},
		{"GET", []string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"}, 403},
		{"GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, 403},
		{"GET", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 200},
		{"GET", []string{"Sec-Fetch-Site", "none", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}, 200},
	} {
		require.Equal(t, c.want, g.send(c.method, lan+"/stream.mjpg", c.headers...).status, "%s %v", c.method, c.headers)
	}
}

// Browsers send no Sec-Fetch headers over plain http to other machines. Then Origin and
// Referer are checked, including the port.
func TestOtherSitesWithoutFetchMetadata(t *testing.T) {
	g := newGuarded(Config{Open: true, Names: []string{"pi.local"}})
	for _, path := range []string{"/stream.mjpg", "/snapshot.jpg", "/api/state", "/api/events/1.jpg"} {
		for _, c := range []struct {
			headers []string
			want    int
		}{
			{nil, 200},
			{[]string{"Authorization", "Bearer x"}, 200},
			{[]string{"Origin", lan}, 200},
			{[]string{"Referer", lan + "/"}, 200},
			{[]string{"Referer", "http://PI.local/x", "Host", "pi.local"}, 200},
			{[]string{"Referer", "https://pi.local/", "Host", "pi.local:443"}, 200},
			{[]string{"Referer", "http://192.168.1.5:9000/page"}, 403},
			{[]string{"Origin", "http://192.168.1.5:9000"}, 403},
			{[]string{"Origin", "http://192.168.1.5"}, 403},
			{[]string{"Origin", "null"}, 403},
			{[]string{"Referer", "http://evil.example/192.168.1.5:8080"}, 403},
			{[]string{"Referer", "http://192.168.1.5:8080@evil.example/"}, 403},
			{[]string{"Referer", "::"}, 403},
			{[]string{"Origin", lan, "Referer", "http://evil.example/"}, 403},
			// Sec-Fetch-Site wins over Referer: this is a link.
			{[]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Referer", "http://evil.example/"}, 200},
		} {
			require.Equal(t, c.want, g.send("GET", lan+path, c.headers...).status, "%s %v", path, c.headers)
		}
	}
	require.Equal(t, 200, g.send("GET", lan+"/", "Referer", "http://evil.example/").status, "a link to the page works")
}

func TestOneTimeToken(t *testing.T) {
	g := newGuarded(Config{})
	require.Equal(t, 401, g.send("GET", lan+"/").status)
	first := g.invited
	require.Equal(t, 401, g.send("GET", lan+"/login?token="+first+"x", "Accept", "text/html").status)
	in := g.send("GET", lan+"/login?token="+first)
	require.Equal(t, 200, in.status)
	require.Contains(t, in.body, "signed in")
	cookie := in.cookies[0]
	require.True(t, cookie.HttpOnly)
	require.Equal(t, http.SameSiteStrictMode, cookie.SameSite)
	require.Equal(t, "/", cookie.Path)
	require.False(t, cookie.Secure)

	require.NotEqual(t, first, g.invited, "a used token is replaced")
	require.Equal(t, 401, g.send("GET", lan+"/login?token="+first).status, "it works only once")
	pair := sessionCookie + "=" + cookie.Value
	require.Equal(t, 200, g.send("GET", lan+"/stream.mjpg", "Cookie", pair).status)
	require.Equal(t, 200, g.send("GET", lan+"/login?token="+first, "Cookie", pair).status, "signed in already")
	for _, wrong := range []string{"", "x", cookie.Value[1:], "A" + cookie.Value[1:], cookie.Value[:len(cookie.Value)-4] + "AAAA", strings.Repeat("A", len(cookie.Value))} {
		if wrong != cookie.Value {
			require.Equal(t, 401, g.send("GET", lan+"/stream.mjpg", "Cookie", sessionCookie+"="+wrong).status)
		}
	}

	// A restart with the same token keeps sessions, one with another does not.
	require.Equal(t, 200, newGuarded(Config{}).send("GET", lan+"/", "Cookie", pair).status)
	require.Equal(t, 401, newGuarded(Config{Token: "another token...."}).send("GET", lan+"/", "Cookie", pair).status)
}

// Browsers share cookies among all ports of a host. Two servers on one host must not
// overwrite each other's session.
func TestServersOnOneHost(t *testing.T) {
	one, other := newGuarded(Config{Port: 8080}), newGuarded(Config{Port: 8081, Token: "another token...."})
	jar := map[string]string{}
	for _, g := range []*guarded{one, other} {
		cookie := g.send("GET", lan+"/login?token="+g.invited).cookies[0]
		jar[cookie.Name] = cookie.Value
	}
	var pairs []string
	for name, value := range jar {
		pairs = append(pairs, name+"="+value)
	}
	for _, g := range []*guarded{one, other} {
		require.Equal(t, 200, g.send("GET", lan+"/api/state", "Cookie", strings.Join(pairs, "; ")).status)
	}
}

func TestSecureCookie(t *testing.T) {
	g := newGuarded(Config{})
	r := httptest.NewRequest(http.MethodGet, "https://192.168.1.5/login?token="+g.invited, nil)
	r.TLS = &tls.ConnectionState{}
	require.True(t, g.serve(r).cookies[0].Secure)
}

func TestSessionExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuarded(Config{})
		cookie := sessionCookie + "=" + g.send("GET", lan+"/login?token="+g.invited).cookies[0].Value
		time.Sleep(sessionTime/2 - time.Hour)
		require.Empty(t, g.send("GET", lan+"/", "Cookie", cookie).cookies)
		time.Sleep(2 * time.Hour)
		require.Len(t, g.send("GET", lan+"/", "Cookie", cookie).cookies, 1, "renewed")
		time.Sleep(sessionTime / 2)
		require.Equal(t, 401, g.send("GET", lan+"/", "Cookie", cookie).status)
	})
}

func TestBearer(t *testing.T) {
	g := newGuarded(Config{Public: []string{"/page.css"}})
	require.Equal(t, 200, g.send("GET", lan+"/page.css").status)
	require.Equal(t, 401, g.send("GET", lan+"/page.css/../metrics").status)
	none := g.send("GET", lan+"/api/state")
	require.Equal(t, 401, none.status)
	require.Contains(t, none.header.Get("WWW-Authenticate"), "Bearer")
	require.Equal(t, "application/json", none.header.Get("Content-Type"))
	require.Equal(t, 200, g.send("GET", lan+"/metrics", "Authorization", "Bearer "+secret).status)
	require.Equal(t, 200, g.send("GET", lan+"/metrics", "Authorization", "bearer "+secret).status)
	for _, wrong := range []string{"Bearer", "Bearer ", "Bearer x", "Bearer " + secret + "x", "Bearer " + g.invited, "Digest " + secret, secret} {
		require.Equal(t, 401, g.send("GET", lan+"/metrics", "Authorization", wrong).status, wrong)
	}
}

func TestLoginForm(t *testing.T) {
	g := newGuarded(Config{})
	post := func(token string) answer {
		r := httptest.NewRequest(http.MethodPost, lan+"/login", strings.NewReader(url.Values{"token": {token}}.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", "text/html")
		return g.serve(r)
	}
	require.Len(t, post(secret).cookies, 1)
	wrong := post("wrong <script>")
	require.Equal(t, 401, wrong.status)
	require.Equal(t, "same-origin", wrong.header.Get("Referrer-Policy"), "otherwise the form has Origin: null, which is refused")
	page := wrong.body
	require.Contains(t, page, "does not work")
	require.NotContains(t, page, "<script>")
	require.Equal(t, 401, post(strings.Repeat("x", 2*loginLimit)).status)
	require.Equal(t, 405, g.send("DELETE", lan+"/login").status)
}

// Wrong tokens are limited for each client. Sessions are not affected.
func TestFailuresAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuarded(Config{})
		cookie := sessionCookie + "=" + g.send("GET", lan+"/login?token="+g.invited).cookies[0].Value
		try := func(peer, token string) int {
			return g.send("GET", lan+"/api/state", "Peer", peer, "Authorization", "Bearer "+token).status
		}
		for range failureBurst {
			require.Equal(t, 401, try("10.0.0.1:1", "wrong"))
		}
		require.Equal(t, 429, try("10.0.0.1:2", "wrong"))
		require.Equal(t, 429, try("10.0.0.1:3", secret), "even the right token, otherwise guessing would not be limited")
		limited := g.send("GET", lan+"/login?token=x", "Peer", "10.0.0.1:4")
		require.Equal(t, 429, limited.status)
		require.NotEmpty(t, limited.header.Get("Retry-After"))
		require.Equal(t, 200, try("10.0.0.2:1", secret))
		require.Equal(t, 200, g.send("GET", lan+"/", "Peer", "10.0.0.1:5", "Cookie", cookie).status)
		time.Sleep(failureEvery)
		require.Equal(t, 200, try("10.0.0.1:6", secret))
	})
}

// The number of accounts is bounded. Further clients share one account.
func TestLimiterIsBounded(t *testing.T) {
	l, now := newLimiter(), time.Now()
	for i := range 2 * maxClients {
		l.failed(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), now)
	}
	require.LessOrEqual(t, len(l.accounts), maxClients+1)
	require.Positive(t, l.wait(netip.MustParseAddr("10.9.9.9"), now))
	l.failed(netip.MustParseAddr("10.9.9.8"), now.Add(failureEvery*2*maxClients))
	require.Len(t, l.accounts, 1, "expired accounts are removed")
}

func TestNetworkOfIPv6SharesAccount(t *testing.T) {
	l, now := newLimiter(), time.Now()
	for i := range failureBurst {
		l.failed(netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", i+1)), now)
	}
	require.Positive(t, l.wait(netip.MustParseAddr("2001:db8::ffff"), now))
	require.Zero(t, l.wait(netip.MustParseAddr("2001:db8:0:1::1"), now))
}

func TestProxies(t *testing.T) {
	g := newGuarded(Config{Names: []string{"home.example"}, Proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}})
	forwarded := []string{"Host", "home.example", "X-Forwarded-Proto", "https", "X-Forwarded-Prefix", "/cam/", "X-Forwarded-For", "1.2.3.4, 5.6.7.8"}
	in := g.send("GET", lan+"/cam/login?token="+g.invited, append(forwarded, "Peer", "10.0.0.1:1")...)
	require.Equal(t, 200, in.status)
	require.True(t, in.cookies[0].Secure)
	require.Equal(t, "/cam/", in.cookies[0].Path)
	cookie := sessionCookie + "=" + in.cookies[0].Value
	for _, path := range []string{"/cam/api/state", "/api/state"} {
		got := g.send("GET", lan+path, append(forwarded, "Peer", "10.0.0.1:1", "Cookie", cookie)...)
		require.Contains(t, got.body, "in /api/state")
	}

	// The headers of other clients are ignored.
	in = g.send("GET", lan+"/login?token="+g.invited, append(forwarded, "Peer", "10.0.0.2:1")...)
	require.False(t, in.cookies[0].Secure)
	require.Equal(t, "/", in.cookies[0].Path)
	require.Equal(t, 421, g.send("GET", lan+"/", "Peer", "10.0.0.2:1", "Host", "evil.example", "X-Forwarded-Host", "home.example").status)
	require.Equal(t, 421, g.send("GET", lan+"/", "Peer", "10.0.0.1:1", "X-Forwarded-Host", "evil.example").status)

	// Both host names are checked: a proxy may pass one of them on from the client.
	for _, c := range []struct {
		host, forwarded string
		want            int
	}{
		{"home.example", "home.example", 401}, {"127.0.0.1:8080", "home.example", 401}, {"home.example", "home.example, 127.0.0.1:8080", 401},
		{"evil.example", "home.example", 421}, {"home.example", "evil.example", 421}, {"evil.example", "", 421},
		{"home.example", "home.example, evil.example", 421}, {"home.example", "evil.example, home.example", 421}, {"home.example", ",", 421},
	} {
		got := g.send("GET", lan+"/", "Peer", "10.0.0.1:1", "Host", c.host, "X-Forwarded-Host", c.forwarded)
		require.Equal(t, c.want, got.status, "%q %q", c.host, c.forwarded)
	}

	// Failures count for the client: the last address that is not a trusted proxy.
	for range failureBurst {
		g.send("GET", lan+"/", "Peer", "10.0.0.1:1", "Authorization", "Bearer x", "X-Forwarded-For", "9.9.9.9, 5.6.7.8")
	}
	for client, want := range map[string]int{"7.7.7.7, 5.6.7.8": 429, "5.6.7.8, 10.0.0.1": 429, "5.6.7.8, 7.7.7.7": 401} {
		require.Equal(t, want, g.send("GET", lan+"/", "Peer", "10.0.0.1:1", "Authorization", "Bearer x", "X-Forwarded-For", client).status, client)
	}
}

func TestPrefix(t *testing.T) {
	for text, want := range map[string]string{
		"/cam": "/cam", "/cam/": "/cam", "/a/b-c_d.e~": "/a/b-c_d.e~", "": "", "/": "", "cam": "", "//evil.example": "", "/a;b": "", "/a\r\nX: y": "", "/ä": "",
	} {
		require.Equal(t, want, cleanPrefix(text), text)
	}
}

// FuzzRequest sends arbitrary headers. No request may pass without the token, and no
// header of the response may contain a line break.
func FuzzRequest(f *testing.F) {
	f.Add("127.0.0.1:8080", "Bearer x", "edge_session_8080=AAAA", "1.2.3.4", "/x", "token=1")
	f.Add("localhost", "Basic eDp5", "edge_session_8080=", ",,[::1]", "/a/../b", "token=%zz")
	g := newGuarded(Config{Proxies: []netip.Prefix{netip.MustParsePrefix("192.168.1.9/32")}})
	f.Fuzz(func(t *testing.T, host, authorization, cookie, forwardedFor, prefix, query string) {
		r := httptest.NewRequest(http.MethodGet, "/api/state", nil)
		r.RemoteAddr, r.Host, r.URL.RawQuery = "192.168.1.9:5000", host, query
		if len(forwardedFor)%2 == 1 {
			r.URL.Path = LoginPath
		}
		for name, value := range map[string]string{"Authorization": authorization, "Cookie": cookie, "X-Forwarded-For": forwardedFor, "X-Forwarded-Prefix": prefix, "X-Forwarded-Host": host} {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		g.ServeHTTP(w, r)
		if w.Code == http.StatusOK {
			t.Fatalf("passed without the token: %q", r.Header)
		}
		for name, values := range w.Header() {
			if strings.ContainsAny(strings.Join(values, ""), "\r\n") {
				t.Fatalf("%s: %q", name, values)
			}
		}
	})
}
