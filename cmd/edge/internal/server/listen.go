package server

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strings"
	"syscall"

	"halfmeg/cmd/edge/internal/readfile"
	"halfmeg/cmd/edge/internal/server/access"
	"halfmeg/cmd/edge/internal/server/page"
	"halfmeg/internal/atomicfile"
)

// DefaultPort is the port if Config.Listen has none.
const DefaultPort = "8080"

// listen opens the port. It adds the default port to config.Listen if that has none.
func listen(config *Config) (net.Listener, error) {
	if (config.TLSCert == "") != (config.TLSKey == "") {
		return nil, errors.New("--tls-cert and --tls-key belong together: set both")
	}
	address, err := withPort(config.Listen)
	if err != nil {
		return nil, err
	}
	config.Listen = address
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, explainListen(address, err)
	}
	return listener, nil
}

// Probe checks whether a server could listen, and returns its port if it is known. It
// opens the port for a moment.
func Probe(c Config) (port int, err error) {
	if address, err := withPort(c.Listen); err == nil {
		_, text, _ := net.SplitHostPort(address) // withPort has checked it
		port, _ = net.LookupPort("tcp", text)    // listen reports an invalid one
	}
	listener, err := listen(&c)
	if err != nil {
		return port, err
	}
	return port, listener.Close()
}

// withPort checks an address and adds the default port if it has none.
func withPort(address string) (string, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		host, port, err = net.SplitHostPort(address + ":" + DefaultPort)
	}
	if port == "" {
		port = DefaultPort
	}
	if err != nil || isNumber(host) {
		return "", fmt.Errorf("--listen %s: expected an address and a port: 127.0.0.1:8080 for this machine only, :8080 for the whole network", address)
	}
	return net.JoinHostPort(host, port), nil
}

func isNumber(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

// explainListen says why the server cannot listen on an address, and what to do.
func explainListen(address string, err error) error {
	cause := err
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		cause = op.Err
	}
	advice := "use another one, such as 127.0.0.1:8080"
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		host, _, _ := net.SplitHostPort(address)
		return fmt.Errorf("--listen %s: another program, perhaps another edge, has this port; use another one, such as --listen %s", address, net.JoinHostPort(host, "8081"))
	case errors.Is(err, syscall.EACCES):
		host, _, _ := net.SplitHostPort(address)
		return fmt.Errorf("--listen %s: only root may use ports below 1024; use a higher one, such as --listen %s, or allow it with: sudo setcap cap_net_bind_service=+ep edge", address, net.JoinHostPort(host, DefaultPort))
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		advice = "this machine has no such address; :8080 listens on all addresses"
	}
	return fmt.Errorf("--listen %s: %w; %s", address, cause, advice)
}

// loopback reports whether only this machine can reach the server.
func (s *Server) loopback() bool {
	a, ok := s.Addr().(*net.TCPAddr)
	return ok && a.IP.IsLoopback()
}

// open reports whether requests need no token. They need one behind a proxy, which may
// forward requests from anywhere, and if a token file is set.
func (s *Server) open() bool {
	return s.loopback() && len(s.config.TrustedProxies) == 0 && s.config.TokenFile == ""
}

// minToken is the minimum length of the token in a token file, in bytes.
const minToken = 16

// token returns the token of the token file, which is created if it does not exist, or a
// new token if no file is set.
func (s *Server) token() (string, error) {
	name := s.config.TokenFile
	if name == "" {
		return access.NewToken(), nil
	}
	secret, err := readfile.Secret(name)
	if errors.Is(err, fs.ErrNotExist) {
		token := access.NewToken()
		err := atomicfile.Write(name, 0o600, func(w io.Writer) error {
			_, err := io.WriteString(w, token+"\n")
			return err
		})
		if err != nil {
			return "", fmt.Errorf("--token-file: %w", err)
		}
		return token, nil
	}
	if err != nil {
		return "", fmt.Errorf("--token-file: %w", err)
	}
	token := strings.TrimSpace(secret)
	if len(token) < minToken || strings.ContainsAny(token, " \t\r\n") {
		return "", fmt.Errorf("--token-file %s: the token must be one word of at least %d characters; delete the file, and edge creates one with a random token", name, minToken)
	}
	return token, nil
}

// access returns the access rules, and prints how to open the page.
func (s *Server) access(token string) access.Config {
	c := access.Config{
		Open:         s.open(),
		Token:        token,
		Port:         s.Addr().(*net.TCPAddr).Port,
		Names:        s.config.AllowHosts,
		OnlyLoopback: s.loopback(),
		Proxies:      s.config.TrustedProxies,
		Public:       page.Public,
		LoginPage:    page.Login(),
		SignedInPage: page.SignedIn(),
	}
	if !s.loopback() {
		c.Names = append(c.Names, hostNames()...)
	}
	if s.config.TokenFile == "" && !c.Open {
		fmt.Fprintf(s.config.Stderr, "edge: for programs: Authorization: Bearer %s (valid until edge ends; --token-file keeps it)\n", token)
	}
	if c.Open {
		fmt.Fprintf(s.config.Stderr, "edge: the page is at %s\n", s.addresses("/")[0])
	} else {
		c.Invited = s.printLogin
	}
	return c
}

// printLogin prints the addresses that sign in a browser with a one-time token.
func (s *Server) printLogin(token string) {
	path := access.LoginPath + "?token=" + token
	word := "open"
	printAddress := func(address string) {
		fmt.Fprintf(s.config.Stderr, "edge: %s %s\n", word, address)
		word = "or  "
	}
	for _, address := range s.proxied(path) {
		printAddress(address + " through your proxy (if it serves edge at a sub-path, put that before " + access.LoginPath + ")")
	}
	for _, address := range s.addresses(path) {
		printAddress(address)
	}
}

// proxied returns the addresses of a path at the reverse proxy, one for each of its
// names; none without a proxy. The proxy's port and its sub-path for edge are unknown.
func (s *Server) proxied(path string) []string {
	if len(s.config.TrustedProxies) == 0 {
		return nil
	}
	var list []string
	for _, name := range s.config.AllowHosts {
		list = append(list, "https://"+name+path)
	}
	return list
}

// hostNames returns the names that a home network has for this machine; the last one is
// the mDNS name.
func hostNames() []string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return nil
	}
	short, _, _ := strings.Cut(name, ".")
	return []string{name, short, short + ".local"}
}

// addresses returns the addresses of a path, the most useful first.
func (s *Server) addresses(path string) []string {
	scheme := "http"
	if s.config.TLSCert != "" {
		scheme = "https"
	}
	a := s.Addr().(*net.TCPAddr)
	hosts := []string{a.IP.String()}
	if a.IP.IsUnspecified() {
		hosts = s.localHosts()
	}
	list := make([]string, len(hosts))
	for i, host := range hosts {
		list[i] = scheme + "://" + net.JoinHostPort(host, fmt.Sprint(a.Port)) + path
	}
	return list
}

// localHosts returns this machine's first IPv4 address in the network and its mDNS name,
// or localhost if it has neither.
func (s *Server) localHosts() []string {
	var hosts []string
	list, _ := net.InterfaceAddrs() // without addresses the names remain
	for _, a := range list {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() && !p.Addr().IsLoopback() && !p.Addr().IsLinkLocalUnicast() {
			hosts = append(hosts, p.Addr().String())
			break
		}
	}
	if names := hostNames(); names != nil {
		hosts = append(hosts, names[len(names)-1])
	}
	if hosts == nil {
		hosts = []string{"localhost"}
	}
	return hosts
}
