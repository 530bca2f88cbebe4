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

// Server selects where the page is served and who may see it.
type Server struct {
	Config server.Config // only what flags set
}

// Add defines the flags.
func (s *Server) Add(flags *pflag.FlagSet) {
	c := &s.Config
	flags.StringVar(&c.Listen, "listen", "", "serve a page and an API at this `address`: 127.0.0.1:8080 for this machine only, :8080 for the whole network, which needs a token")
	flags.Var((*hostsFlag)(&c.AllowHosts), "allow-host", "`name` by which browsers may call this machine, besides its own; may be given several times")
	flags.StringVar(&c.TLSCert, "tls-cert", "", "serve https with the certificate in this PEM `file`")
	flags.StringVar(&c.TLSKey, "tls-key", "", "`file` with the key of --tls-cert")
	flags.StringVar(&c.TokenFile, "token-file", "", "`file` with the token of the page and the API; it is made if it is missing, and keeps browsers signed in through restarts")
	config.MarkPath(flags, "tls-cert", "tls-key", "token-file")
	flags.Var((*proxiesFlag)(&c.TrustedProxies), "trusted-proxy", "`address` or network of a reverse proxy whose X-Forwarded headers are believed; may be given several times")
}

// Enabled reports whether the page is asked for.
func (s *Server) Enabled() bool { return s.Config.Listen != "" }

// Check returns an error for flags that have no effect without --listen.
func (s *Server) Check() error {
	c := &s.Config
	if !s.Enabled() && (len(c.AllowHosts) > 0 || c.TLSCert != "" || c.TLSKey != "" || c.TokenFile != "" || len(c.TrustedProxies) > 0) {
		return errors.New("--allow-host, --tls-cert, --tls-key, --token-file and --trusted-proxy are for the page: add --listen 127.0.0.1:8080")
	}
	return nil
}

// hostsFlag is a flag for the name of a host; each use adds one.
type hostsFlag []string

func (f *hostsFlag) String() string { return strings.Join(*f, ",") }

func (f *hostsFlag) Type() string { return "name" }

func (f *hostsFlag) Set(text string) error {
	if text == "" || strings.ContainsAny(text, ":/*, ") {
		return errors.New("give a host name without port, as pi.example.org")
	}
	*f = append(*f, text)
	return nil
}

// Append adds one, as Set does.
func (f *hostsFlag) Append(text string) error { return f.Set(text) }

// Replace is for lists in the configuration file.
func (f *hostsFlag) Replace(list []string) error {
	*f = nil
	return setAll(f, list)
}

// GetSlice returns all of them.
func (f *hostsFlag) GetSlice() []string { return *f }

// proxiesFlag is a flag for an address or a network; each use adds one.
type proxiesFlag []netip.Prefix

func (f *proxiesFlag) String() string { return strings.Join(f.GetSlice(), ",") }

func (f *proxiesFlag) Type() string { return "address" }

func (f *proxiesFlag) Set(text string) error {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return errors.New("give an address or a network, as 192.168.1.2 or 192.168.1.0/24")
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	if p.Bits() == 0 {
		return fmt.Errorf("%s is everybody: then anybody could pretend to be somebody else", text)
	}
	*f = append(*f, p.Masked())
	return nil
}

// Append adds one, as Set does.
func (f *proxiesFlag) Append(text string) error { return f.Set(text) }

// Replace is for lists in the configuration file.
func (f *proxiesFlag) Replace(list []string) error {
	*f = nil
	return setAll(f, list)
}

// GetSlice returns all of them.
func (f *proxiesFlag) GetSlice() []string {
	list := make([]string, len(*f))
	for i, p := range *f {
		list[i] = p.String()
	}
	return list
}
