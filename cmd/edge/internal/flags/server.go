package flags

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/spf13/pflag"

	"halfmeg/cmd/edge/internal/config"
	"halfmeg/cmd/edge/internal/server"
)

// Server configures the page and its API.
type Server struct {
	Config server.Config // only the fields that have flags
}

// Add defines the flags.
func (s *Server) Add(flags *pflag.FlagSet) {
	c := &s.Config
	flags.StringVar(&c.Listen, "listen", "", "serve a page and an API at this `address`: 127.0.0.1:8080 for this machine only, :8080 for the whole network, which needs a token")
	flags.Var(hostsFlag(&c.AllowHosts), "allow-host", "additional host `name` of this machine, for browsers; may be repeated")
	flags.StringVar(&c.TLSCert, "tls-cert", "", "serve https with the certificate in this PEM `file`")
	flags.StringVar(&c.TLSKey, "tls-key", "", "`file` with the key of --tls-cert")
	flags.StringVar(&c.TokenFile, "token-file", "", "`file` with the token of the page and the API, created if it does not exist; keeps browsers signed in after a restart")
	config.MarkPath(flags, "tls-cert", "tls-key", "token-file")
	flags.Var(proxiesFlag(&c.TrustedProxies), "trusted-proxy", "`address` or network of a reverse proxy whose X-Forwarded headers are trusted; may be repeated")
}

// Enabled reports whether --listen is set.
func (s *Server) Enabled() bool { return s.Config.Listen != "" }

// Check returns an error for flags that have no effect without --listen.
func (s *Server) Check() error {
	c := &s.Config
	if !s.Enabled() && (len(c.AllowHosts) > 0 || c.TLSCert != "" || c.TLSKey != "" || c.TokenFile != "" || len(c.TrustedProxies) > 0) {
		return errors.New("--allow-host, --tls-cert, --tls-key, --token-file and --trusted-proxy need the page: add --listen 127.0.0.1:8080")
	}
	return nil
}

// hostsFlag returns a flag for host names.
func hostsFlag(list *[]string) pflag.Value {
	return &listFlag[string]{
		list: list, kind: "name",
		parse: func(text string) (string, error) {
			if text == "" || strings.ContainsAny(text, ":/*, ") {
				return "", errors.New("expected a host name without port, such as pi.example.org")
			}
			return text, nil
		},
		format: func(name string) string { return name },
	}
}

// proxiesFlag returns a flag for addresses and networks.
func proxiesFlag(list *[]netip.Prefix) pflag.Value {
	return &listFlag[netip.Prefix]{list: list, kind: "address", parse: parseProxy, format: netip.Prefix.String}
}

func parseProxy(text string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return p, errors.New("expected an address or a network, such as 192.168.1.2 or 192.168.1.0/24")
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	if p.Bits() == 0 {
		return p, fmt.Errorf("%s matches every address: then any client could forge the X-Forwarded headers", text)
	}
	return p.Masked(), nil
}
