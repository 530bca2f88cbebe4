package access

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/http"
	"strconv"
	"time"
)

const sessionTime = 30 * 24 * time.Hour

// cookieName returns the name of the session cookie for a port. Cookies are shared by
// all ports of a host: without the port in the name, two servers on one host would
// overwrite each other's cookie.
func cookieName(port int) string { return "edge_session_" + strconv.Itoa(port) }

// sessions creates and checks cookies. A cookie consists of its expiry (8 bytes, Unix
// time in seconds), 8 random bytes, and the HMAC-SHA256 of both.
type sessions struct {
	cookie string // name
	key    []byte
}

const payloadSize = 16

func newSessions(cookie, token string) sessions {
	mac := hmac.New(sha256.New, []byte(token))
	mac.Write([]byte("edge: session cookies, version 1"))
	return sessions{cookie: cookie, key: mac.Sum(nil)}
}

func (s sessions) sign(payload []byte) []byte {
	mac := hmac.New(sha256.New, s.key)
	mac.Write(payload)
	return mac.Sum(payload)
}

// start sets a new session cookie.
func (s sessions) start(w http.ResponseWriter, r *http.Request) {
	payload := make([]byte, payloadSize, payloadSize+sha256.Size)
	binary.BigEndian.PutUint64(payload, uint64(time.Now().Add(sessionTime).Unix()))
	_, _ = rand.Read(payload[8:]) // never fails
	http.SetCookie(w, &http.Cookie{
		Name:     s.cookie,
		Value:    base64.RawURLEncoding.EncodeToString(s.sign(payload)),
		Path:     originOf(r).prefix + "/",
		MaxAge:   int(sessionTime / time.Second),
		Secure:   originOf(r).secure,
		HttpOnly: true,
		SameSite: http.SameSiteStrictMode,
	})
}

// check reports whether a request has a valid cookie, and when it expires.
func (s sessions) check(r *http.Request) (expires time.Time, ok bool) {
	for _, cookie := range r.CookiesNamed(s.cookie) { // several edges may share a host and a port at different sub-paths of a proxy
		value, err := base64.RawURLEncoding.DecodeString(cookie.Value)
		if err != nil || len(value) != payloadSize+sha256.Size {
			continue
		}
		payload := value[:payloadSize:payloadSize]
		expires := time.Unix(int64(binary.BigEndian.Uint64(payload)), 0)
		if hmac.Equal(s.sign(payload), value) && time.Now().Before(expires) {
			return expires, true
		}
	}
	return time.Time{}, false
}
