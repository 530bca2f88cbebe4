package ffmpeg

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"halfmeg/camera/web"
	"halfmeg/internal/lazyregexp"
)

// schemes maps each supported scheme to its demuxer options.
var schemes = map[string][]string{
	"rtsp":  rtspOptions,
	"rtsps": rtspOptions,
	"rtmp":  nil,
	"rtmps": nil,
	"srt":   nil,
	"tcp":   nil,
	"udp":   nil,
}

var rtspOptions = []string{"rtsp_transport tcp", "allowed_media_types video"}

// commonOptions apply to all schemes. Without probing the frame rate the first frame
// arrives half a second earlier.
var commonOptions = []string{"fpsprobesize 0"}

// protocols is ffmpeg's whitelist: what the schemes need, but neither files nor HTTP,
// to which a server could refer.
const protocols = "pipe,rtsp,rtp,rtmp,rtmps,srt,tcp,tls,udp"

// ErrAddress means that an address is invalid.
var ErrAddress = errors.New("not the address of a stream: expected one like rtsp://camera.local/stream; " +
	"in a name or password, write / as %2F, @ as %40, # as %23 and ? as %3F")

// ErrUnchecked means that the server's certificate would not be verified.
var ErrUnchecked = errors.New("ffmpeg does not verify the certificate of this address, so another machine could answer and read the password")

// IsAddress reports whether name has a scheme that this package supports. The address
// may still be invalid.
func IsAddress(name string) bool {
	scheme, _, ok := strings.Cut(name, "://")
	_, known := schemes[strings.ToLower(scheme)]
	return ok && known
}

// Name returns an address in a form that is safe to print: without user, password and
// query, and without a path in which some cameras expect a password.
func Name(address string) string {
	u, err := parse(address)
	if err != nil {
		scheme, _, _ := strings.Cut(address, "://")
		return strings.ToLower(scheme) + "://…"
	}
	return u.name
}

// address is a parsed, valid address.
type address struct {
	scheme  string
	script  string   // the address, escaped for single quotes in a script
	name    string   // safe to print
	secrets []string // to remove from logs
	hasUser bool
}

func parse(text string) (*address, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || !IsAddress(text): // the parser's error may quote part of the password
		return nil, ErrAddress
	case u.Host == "" && u.Scheme != "udp": // udp://:port listens
		return nil, ErrAddress
	// A password with an unescaped # or ?: the part before it is parsed as a port.
	case u.Fragment != "" || u.User == nil && strings.Contains(u.RawQuery, "@"):
		return nil, ErrAddress
	}
	a := &address{
		scheme:  u.Scheme,
		script:  strings.NewReplacer("'", "%27", " ", "%20").Replace(text),
		name:    web.Name(text),
		hasUser: u.User != nil,
	}
	if strings.ContainsFunc(a.script, func(c rune) bool { return c < ' ' }) {
		return nil, ErrAddress
	}
	if strings.ContainsAny(u.Path, "=:") { // such as /user=NAME&password=PASSWORD&channel=1; web.Name hides it
		a.addSecret(u.Path)
	}
	password, _ := u.User.Password()
	a.addSecret(password)
	_, escaped, _ := strings.Cut(u.User.String(), ":")
	a.addSecret(escaped)
	a.addSecret(u.RawQuery)
	return a, nil
}

// minSecret is the minimum length of a secret that is removed outside addresses too. A
// password such as "a" would match in every message.
const minSecret = 4

func (a *address) addSecret(text string) {
	if len(text) >= minSecret && !slices.Contains(a.secrets, text) {
		a.secrets = append(a.secrets, text)
	}
}

var anyAddress = lazyregexp.New(`([a-zA-Z][a-zA-Z0-9+.-]*)://[^\s'"]*`)

// redact removes secrets from a line of ffmpeg's log.
func (a *address) redact(line string) string {
	line = anyAddress().ReplaceAllStringFunc(line, func(found string) string {
		if scheme, _, _ := strings.Cut(found, "://"); strings.EqualFold(scheme, a.scheme) {
			return a.name // found may end within the password
		}
		return web.Name(found)
	})
	for _, secret := range a.secrets {
		line = strings.ReplaceAll(line, secret, "…")
	}
	return line
}

// concat returns a script for the concat demuxer that opens the address.
func (a *address) concat() string {
	var b strings.Builder
	fmt.Fprintf(&b, "ffconcat version 1.0\nfile '%s'\n", a.script)
	for _, option := range slices.Concat(commonOptions, schemes[a.scheme]) {
		fmt.Fprintf(&b, "option %s\n", option)
	}
	return b.String()
}

// encrypted reports whether the address uses TLS.
func (a *address) encrypted() bool { return a.scheme == "rtsps" || a.scheme == "rtmps" }
