package web

import (
	"crypto/md5"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/internal/deviceerr"
)

func isPermanent(err error) bool { return errors.Is(err, deviceerr.ErrPermanent) }

// loginServer counts requests and those that have an answer to a challenge.
type loginServer struct {
	challenges       []string
	accepts          func(r *http.Request) bool
	requests, logins atomic.Int32
	content          string
}

func (s *loginServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	if r.Header.Get("Authorization") != "" {
		s.logins.Add(1)
		if s.accepts(r) {
			w.Header().Set("Content-Type", mixedReplace)
			_, _ = io.WriteString(w, s.content)
			return
		}
	}
	for _, c := range s.challenges {
		w.Header().Add("WWW-Authenticate", c)
	}
	w.WriteHeader(http.StatusUnauthorized)
}

// withUser adds name and password to an address.
func withUser(address string) string {
	return strings.Replace(address, "http://", "http://me:"+url.QueryEscape("p@ss")+"@", 1)
}

func acceptsBasic(r *http.Request) bool {
	name, password, _ := r.BasicAuth()
	return name == "me" && password == "p@ss"
}

// acceptsDigest checks an answer as RFC 7616, 3.4.1 says.
func acceptsDigest(hash func(string) string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		answers := parseChallenges(r.Header.Values("Authorization"))
		if len(answers) != 1 || answers[0].scheme != "digest" {
			return false
		}
		p := answers[0].parameters
		a1, a2 := hash("me:"+p["realm"]+":p@ss"), hash("GET:"+r.RequestURI)
		want := hash(a1 + ":" + p["nonce"] + ":" + a2)
		if p["qop"] != "" {
			want = hash(a1 + ":" + p["nonce"] + ":" + p["nc"] + ":" + p["cnonce"] + ":" + p["qop"] + ":" + a2)
		}
		return p["username"] == "me" && p["uri"] == r.RequestURI && p["nonce"] == "n1" && p["response"] == want
	}
}

func md5Hex(text string) string    { return fmt.Sprintf("%x", md5.Sum([]byte(text))) }
func sha256Hex(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }
func sha512Hex(text string) string { return fmt.Sprintf("%x", sha512.Sum512_256([]byte(text))) }

// TestAuthentication answers each challenge once, and nothing before it.
func TestAuthentication(t *testing.T) {
	a := frame(t, 24)
	for name, c := range map[string]struct {
		challenges []string
		accepts    func(*http.Request) bool
	}{
		"Basic":                   {[]string{`Basic realm="cam"`}, acceptsBasic},
		"no challenge":            {nil, acceptsBasic},
		"MD5":                     {[]string{`Digest realm="Motion",qop="auth",nonce="n1",opaque="0000e858",algorithm=md5`}, acceptsDigest(md5Hex)},
		"MD5 without qop":         {[]string{`Digest realm="a, b=c", nonce="n1"`}, acceptsDigest(md5Hex)},
		"SHA-256":                 {[]string{`Digest realm="cam", nonce="n1", qop="auth", algorithm=SHA-256`}, acceptsDigest(sha256Hex)},
		"SHA-512-256":             {[]string{`Digest realm="cam", nonce="n1", qop="auth", algorithm=SHA-512-256`}, acceptsDigest(sha512Hex)},
		"two qualities":           {[]string{`Digest realm="cam", nonce="n1", qop="auth-int, auth"`}, acceptsDigest(md5Hex)},
		"no quotes, capitals":     {[]string{`DIGEST Realm=cam, NONCE=n1, QOP=auth, Algorithm="MD5"`}, acceptsDigest(md5Hex)},
		"two headers":             {[]string{`Basic realm="cam"`, `Digest realm="cam", nonce="n1"`}, acceptsDigest(md5Hex)},
		"two in one header":       {[]string{`Basic realm="Digest x", Digest realm="cam", nonce="n1"`}, acceptsDigest(md5Hex)},
		"unknown and Basic":       {[]string{`Digest realm="cam", nonce="n1", algorithm=X`, `Negotiate`, `Basic realm="cam"`}, acceptsBasic},
		"unknown and SHA-256":     {[]string{`Digest realm="cam", nonce="n1", algorithm=MD4`, `Digest realm="cam", nonce="n1", algorithm=SHA-256`}, acceptsDigest(sha256Hex)},
		"quoted quotes in a name": {[]string{`Digest realm="the \"cam\"", nonce="n1"`}, acceptsDigest(md5Hex)},
	} {
		t.Run(name, func(t *testing.T) {
			server := &loginServer{challenges: c.challenges, accepts: c.accepts, content: part(a)}
			s := openStream(t, withUser(handle(t, server.ServeHTTP))+"/a?b=c", longTimeout)
			requireFrames(t, s, a)
			require.EqualValues(t, 2, server.requests.Load())
			require.EqualValues(t, 1, server.logins.Load())
		})
	}
}

// A wrong password is sent once.
func TestWrongPassword(t *testing.T) {
	for name, c := range map[string]struct {
		challenge, want string
		logins          int32
	}{
		"Basic":   {`Basic realm="cam"`, "it rejects the name or the password", 1},
		"Digest":  {`Digest realm="cam", nonce="n2", stale=true`, "it rejects the name or the password", 1},
		"unknown": {`Digest realm="cam", nonce="n1", algorithm=MD4`, `unsupported authentication scheme: "digest MD4"`, 0},
	} {
		server := &loginServer{challenges: []string{c.challenge}, accepts: func(*http.Request) bool { return false }}
		_, err := open(t.Context(), withUser(handle(t, server.ServeHTTP)), Config{}, longTimeout)
		require.ErrorContains(t, err, c.want, name)
		require.True(t, isPermanent(err), name)
		require.NotContains(t, err.Error(), "ss@", name)
		require.Equal(t, c.logins, server.logins.Load(), name)
	}
}

func TestNoPassword(t *testing.T) {
	server := &loginServer{challenges: []string{`Basic realm="cam"`}}
	_, err := open(t.Context(), handle(t, server.ServeHTTP), Config{}, longTimeout)
	require.ErrorContains(t, err, "401 Unauthorized: put name and password into the address")
	require.EqualValues(t, 1, server.requests.Load())
}

// Another host gets no password.
func TestRedirectToAnotherHost(t *testing.T) {
	var seen atomic.Value
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Store(r.Header.Get("Authorization"))
		w.Header().Set("WWW-Authenticate", "Basic")
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer other.Close()
	address := handle(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, strings.Replace(other.URL, "127.0.0.1", "localhost", 1), http.StatusFound)
	})
	_, err := open(t.Context(), withUser(address), Config{}, longTimeout)
	require.ErrorContains(t, err, "401")
	require.Empty(t, seen.Load())
}

// A nonce that has expired between two pictures is replaced.
func TestExpiredNonce(t *testing.T) {
	a := frame(t, 24)
	var requests atomic.Int32
	address := handle(t, func(w http.ResponseWriter, r *http.Request) {
		nonce := fmt.Sprintf("n%d", (requests.Add(1)-1)/4)
		if !strings.Contains(r.Header.Get("Authorization"), `nonce="`+nonce+`"`) {
			w.Header().Set("WWW-Authenticate", `Digest realm="cam", qop="auth", nonce="`+nonce+`"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = io.WriteString(w, a)
	})
	s, err := open(t.Context(), withUser(address), Config{Rate: 100}, longTimeout)
	require.NoError(t, err)
	defer s.Close()
	requireFrames(t, s, a, a, a, a, a, a, a, a)
}

func FuzzParseChallenges(f *testing.F) {
	f.Add(`Basic realm="a", Digest realm="b\"", nonce=c, qop="auth,auth-int"`)
	f.Add(`a = "`)
	f.Fuzz(func(t *testing.T, header string) {
		for _, c := range parseChallenges([]string{header}) {
			_ = digestChallenge(c)
		}
	})
}
