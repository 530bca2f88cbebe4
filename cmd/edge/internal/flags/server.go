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
	flags.Var((*hostsFlag)(&c.AllowHosts), "allow-host", "additional host `name` of this machine, for browsers; may be repeated")
	flags.StringVar(&c.TLSCert, "tls-cert", "", "serve https with the certificate in this PEM `file`")
	flags.StringVar(&c.TLSKey, "tls-key", "", "`file` with the key of --tls-cert")
	flags.StringVar(&c.TokenFile, "token-file", "", "`file` with the token of the page and the API, created if it does not exist; keeps browsers signed in after a restart")
	config.MarkPath(flags, "tls-cert", "tls-key", "token-file")
	flags.Var((*proxiesFlag)(&c.TrustedProxies), "trusted-proxy", "`address` or network of a reverse proxy whose X-Forwarded headers are trusted; may be repeated")
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

// hostsFlag is a flag for a host name. Each use adds one.
type hostsFlag []string

func (f *hostsFlag) String() string { return strings.Join(*f, ",") }

func (f *hostsFlag) Type() string { return "name" }

func (f *hostsFlag) Set(text string) error {
	if text == "" || strings.ContainsAny(text, ":/*, ") {
		return errors.New("expected a host name without port, such as pi.example.org")
	}
	*f = append(*f, text)
	return nil
}

// Append adds a name, like Set.
func (f *hostsFlag) Append(text string) error { return f.Set(text) }

// Replace replaces all names, for lists in the configuration file.
func (f *hostsFlag) Replace(list []string) error {
	*f = nil
	return setAll(f, list)
}

// GetSlice returns all names.
func (f *hostsFlag) GetSlice() []string { return *f }

// proxiesFlag is a flag for an address or a network. Each use adds one.
type proxiesFlag []netip.Prefix

func (f *proxiesFlag) String() string { return strings.Join(f.GetSlice(), ",") }

func (f *proxiesFlag) Type() string { return "address" }

func (f *proxiesFlag) Set(text string) error {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return errors.New("expected an address or a network, such as 192.168.1.2 or 192.168.1.0/24")
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	if p.Bits() == 0 {
		return fmt.Errorf("%s matches every address: then any client could forge the X-Forwarded headers", text)
	}
	*f = append(*f, p.Masked())
	return nil
}

// Append adds an address or network, like Set.
func (f *proxiesFlag) Append(text string) error { return f.Set(text) }

// Replace replaces all addresses, for lists in the configuration file.
func (f *proxiesFlag) Replace(list []string) error {
	*f = nil
	return setAll(f, list)
}

// GetSlice returns all addresses as networks.
func (f *proxiesFlag) GetSlice() []string {
	list := make([]string, len(*f))
	for i, p := range *f {
		list[i] = p.String()
	}
	return list
}
