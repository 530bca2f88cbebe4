package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/icholy/digest"
)

// credentials answer a server's challenges with the name and password of an
// address. Nothing is sent before a challenge; its answer is used again for later
// requests.
type credentials struct {
	user      *url.Userinfo // nil if the address has none
	basic     bool          // the server has requested Basic
	challenge *digest.Challenge
	count     int // requests with this challenge's nonce
}

// authorize adds the answer to the last challenge, if there was one. It reports
// whether it did.
func (c *credentials) authorize(r *http.Request) (bool, error) {
	if c.user == nil || !c.basic && c.challenge == nil {
		return false, nil
	}
	name := c.user.Username()
	password, _ := c.user.Password()
	if c.challenge == nil {
		r.SetBasicAuth(name, password)
		return true, nil
	}
	c.count++
	answer, err := digest.Digest(c.challenge, digest.Options{
		Method: r.Method, URI: r.URL.RequestURI(), Count: c.count, Username: name, Password: password,
	})
	if err != nil {
		return false, err
	}
	r.Header.Set("Authorization", answer.String())
	return true, nil
}

// challenged takes the challenge of a response of status 401 or 403, and reports
// whether to send the request again. A server that has rejected an answer gets no
// second one, unless the answer was to an old nonce, which may have expired (RFC
// 7616, 3.3), or to a challenge for another scheme.
func (c *credentials) challenged(response *http.Response, answered bool) bool {
	if c.user == nil {
		return false
	}
	challenges := parseChallenges(response.Header.Values("WWW-Authenticate"))
	for _, ch := range challenges {
		if d := digestChallenge(ch); d != nil {
			if answered && c.challenge != nil && c.count <= 1 {
				return false
			}
			c.challenge, c.count = d, 0
			return true
		}
	}
	if answered {
		return false
	}
	// Basic, also for servers that reject a request but name no scheme.
	c.basic = len(challenges) == 0 || slices.ContainsFunc(challenges, func(ch challenge) bool { return ch.scheme == "basic" })
	return c.basic
}

// challenge is a challenge of a WWW-Authenticate header (RFC 9110, 11.6.1).
type challenge struct {
	scheme     string // in lower case
	parameters map[string]string
}

// parseChallenges parses headers, each of which may have several challenges.
// Parameters may lack quotes.
func parseChallenges(headers []string) []challenge {
	var list []challenge
	for _, text := range headers {
		for text = strings.TrimLeft(text, " \t,"); text != ""; text = strings.TrimLeft(text, " \t,") {
			i := strings.IndexAny(text, " \t,=")
			if i < 0 {
				i = len(text)
			}
			word := text[:i]
			text = strings.TrimLeft(text[i:], " \t")
			if !strings.HasPrefix(text, "=") {
				list = append(list, challenge{strings.ToLower(word), map[string]string{}})
				continue
			}
			var value string
			value, text = parseValue(strings.TrimLeft(text[1:], " \t"))
			if len(list) > 0 {
				list[len(list)-1].parameters[strings.ToLower(word)] = value
			}
		}
	}
	return list
}

// parseValue splits off a token or a quoted string.
func parseValue(text string) (value, rest string) {
	quoted, ok := strings.CutPrefix(text, `"`)
	if !ok {
		value, rest, _ = strings.Cut(text, ",")
		return strings.TrimSpace(value), rest
	}
	for i := 0; i < len(quoted); i++ {
		switch quoted[i] {
		case '\\':
			quoted = quoted[:i] + quoted[i+1:]
		case '"':
			return quoted[:i], quoted[i+1:]
		}
	}
	return quoted, ""
}

// digestChallenge returns a Digest challenge (RFC 7616) that can be answered, or
// nil.
func digestChallenge(ch challenge) *digest.Challenge {
	if ch.scheme != "digest" {
		return nil
	}
	p := ch.parameters
	d := &digest.Challenge{
		Realm: p["realm"], Nonce: p["nonce"], Opaque: p["opaque"], Algorithm: p["algorithm"],
		Userhash: strings.EqualFold(p["userhash"], "true"),
	}
	for qop := range strings.SplitSeq(p["qop"], ",") {
		if qop = strings.ToLower(strings.TrimSpace(qop)); qop != "" {
			d.QOP = append(d.QOP, qop)
		}
	}
	if !digest.CanDigest(d) {
		return nil
	}
	return d
}

// statusError returns the error of a response that is neither a stream nor a
// picture. Answered is whether the request had name and password.
func (c *credentials) statusError(response *http.Response, answered bool) error {
	status := response.StatusCode
	text := fmt.Sprintf("the server answers %d %s", status, http.StatusText(status))
	switch {
	case status == http.StatusUnauthorized && answered:
		text += ": it rejects the name or the password of the address"
	case status == http.StatusUnauthorized && c.user != nil:
		text += ": it requires an unsupported authentication scheme: " + schemes(response) + "; supported are Basic and Digest with MD5 or SHA-256"
	case status == http.StatusUnauthorized:
		text += ": put name and password into the address, as http://name:password@camera.local/stream"
	case status == http.StatusForbidden:
		text += ": it does not let this user or this machine see the stream"
	case status == http.StatusNotFound:
		text += ": look up the path of the stream or of its pictures in the camera's manual"
	case status == http.StatusNoContent:
		text += ": it has no picture"
	}
	err := fmt.Errorf("%s", text)
	if isPermanentStatus(status) {
		return permanent{err}
	}
	return err
}

// schemes lists the authentication schemes of a response.
func schemes(response *http.Response) string {
	var names []string
	for _, ch := range parseChallenges(response.Header.Values("WWW-Authenticate")) {
		names = append(names, strings.TrimSpace(ch.scheme+" "+ch.parameters["algorithm"]))
	}
	return fmt.Sprintf("%.60q", strings.Join(names, ", "))
}

// isPermanentStatus reports whether the same request will get the same status
// again: not from a server that is busy, starting or failing.
func isPermanentStatus(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests, http.StatusLocked, http.StatusNoContent:
		return false
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return true
	}
	return status < 500
}
