package ffmpeg

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"halfmeg/camera/web"
)

// schemes are those of the addresses that are read, with the demuxer's options for
// each.
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

// anyOptions are the options for all schemes.
var anyOptions = []string{"fpsprobesize 0"} // half a second less until the first frame

// protocols are those that ffmpeg may use: what an address of schemes needs, but no
// file and no web page that a server refers to.
const protocols = "pipe,rtsp,rtp,rtmp,rtmps,srt,tcp,tls,udp"

// ErrAddress means that an address is not valid.
var ErrAddress = errors.New("not the address of a stream: expected one like rtsp://camera.local/stream; " +
	"in a name or password, write / as %2F, @ as %40, # as %23 and ? as %3F")

// ErrUnchecked means that the server's certificate would not be checked.
var ErrUnchecked = errors.New("ffmpeg does not check the certificate of such an address, so another machine could answer and read the password")

// IsAddress reports whether name is an address of a kind that this package reads. It
// may still be invalid.
func IsAddress(name string) bool {
	scheme, _, ok := strings.Cut(name, "://")
	_, known := schemes[strings.ToLower(scheme)]
	return ok && known
}

// Name returns an address in a form that is safe to print: without user and password,
// and without a query or a path in which some cameras take them.
func Name(address string) string {
	u, err := parse(address)
	if err != nil {
		scheme, _, _ := strings.Cut(address, "://")
		return strings.ToLower(scheme) + "://…"
	}
	return u.name
}

// address is a valid address.
type address struct {
	scheme  string
	script  string // the address as it stands in a script between single quotes
	name    string // safe to print
	secrets []string
	user    bool // whether it has a name or a password
}

func parse(text string) (*address, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || !IsAddress(text): // the parser's error may quote a part of the password
		return nil, ErrAddress
	case u.Host == "" && u.Scheme != "udp": // udp://:port receives
		return nil, ErrAddress
	// A password with # or ? that is not escaped: its first part would be a port.
	case u.Fragment != "" || u.User == nil && strings.Contains(u.RawQuery, "@"):
		return nil, ErrAddress
	}
	a := &address{
		scheme: u.Scheme,
		script: strings.NewReplacer("'", "%27", " ", "%20").Replace(text),
		name:   web.Name(text),
		user:   u.User != nil,
	}
	if strings.ContainsFunc(a.script, func(c rune) bool { return c < ' ' }) {
		return nil, ErrAddress
	}
	if strings.ContainsAny(u.Path, "=:") { // as /user=NAME&password=PASSWORD&channel=1; web.Name hides it
		a.addSecret(u.Path)
	}
	password, _ := u.User.Password()
	a.addSecret(password)
	_, escaped, _ := strings.Cut(u.User.String(), ":")
	a.addSecret(escaped)
	a.addSecret(u.RawQuery)
	return a, nil
}

// minSecret is the length below which a secret is replaced only within an address: the
// letter a is in every message.
const minSecret = 4

func (a *address) addSecret(text string) {
	if len(text) >= minSecret && !slices.Contains(a.secrets, text) {
		a.secrets = append(a.secrets, text)
	}
}

var anyAddress = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*)://[^\s'"]*`)

// redact removes what must not be printed from a line of ffmpeg's log.
func (a *address) redact(line string) string {
	line = anyAddress.ReplaceAllStringFunc(line, func(found string) string {
		if scheme, _, _ := strings.Cut(found, "://"); strings.EqualFold(scheme, a.scheme) {
			return a.name // also if found is cut off within the password
		}
		return web.Name(found)
	})
	for _, secret := range a.secrets {
		line = strings.ReplaceAll(line, secret, "…")
	}
	return line
}

// concat returns the script that has ffmpeg open the address.
func (a *address) concat() string {
	var b strings.Builder
	fmt.Fprintf(&b, "ffconcat version 1.0\nfile '%s'\n", a.script)
	for _, option := range append(anyOptions, schemes[a.scheme]...) {
		fmt.Fprintf(&b, "option %s\n", option)
	}
	return b.String()
}

// encrypted reports whether the address is one with TLS.
func (a *address) encrypted() bool { return a.scheme == "rtsps" || a.scheme == "rtmps" }
