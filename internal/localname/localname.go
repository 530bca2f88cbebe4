// Package localname resolves names that end in .local by multicast DNS (RFC 6762). Go's
// own resolver, the only one without cgo, does not support mDNS.
package localname

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// Resolver queries this machine's avahi daemon or, if that does not run, the network.
type Resolver struct {
	Avahi string         // path of the avahi daemon's socket
	Group netip.AddrPort // address to which queries are sent
}

// Default has the addresses of Debian's avahi-daemon and of RFC 6762, 3.
var Default = Resolver{
	Avahi: "/run/avahi-daemon/socket",
	Group: netip.AddrPortFrom(netip.AddrFrom4([4]byte{224, 0, 0, 251}), 5353),
}

const (
	// queryInterval is the time between two queries for a name (RFC 6762, 5.2: at least
	// a second).
	queryInterval = time.Second

	// maxQueries is the number of queries before a lookup fails.
	maxQueries = 3

	// avahiTimeout is longer than avahi's own timeout of five seconds.
	avahiTimeout = 6 * time.Second

	// maxMessage is the maximum size of a response in bytes (RFC 6762, 17).
	maxMessage = 9000
)

// ErrNotFound means that no machine responded to a name.
var ErrNotFound = errors.New("no machine on this network answers to this name (mDNS); check that the machine is on, or use its IP address")

// Is reports whether a host name ends in .local.
func Is(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	return strings.HasSuffix(host, ".local") && len(host) > len(".local")
}

// Lookup returns the IPv4 address of a host.
func (r Resolver) Lookup(ctx context.Context, host string) (netip.Addr, error) {
	host = strings.TrimSuffix(host, ".")
	address, err := r.queryAvahi(ctx, host)
	if err == nil || errors.Is(err, ErrNotFound) || ctx.Err() != nil {
		return address, err
	}
	return r.queryNetwork(ctx, host) // the daemon does not run
}

// DialContext is like net.Dialer.DialContext, but also resolves .local names.
func (r Resolver) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	var dialer net.Dialer
	host, port, err := net.SplitHostPort(address)
	if err != nil || !Is(host) {
		return dialer.DialContext(ctx, network, address)
	}
	ip, err := r.Lookup(ctx, host)
	if err == nil {
		return dialer.DialContext(ctx, network, net.JoinHostPort(ip.String(), port))
	}
	conn, dialErr := dialer.DialContext(ctx, network, address) // the hosts file or DNS may have the name
	var unknown *net.DNSError
	if errors.As(dialErr, &unknown) {
		return nil, fmt.Errorf("%s: %w", host, err)
	}
	return conn, dialErr
}

// queryAvahi uses the daemon's text protocol: a line with the query, and a line with the
// response, which starts with + or with a negative error code.
func (r Resolver) queryAvahi(ctx context.Context, host string) (netip.Addr, error) {
	ctx, cancel := context.WithTimeout(ctx, avahiTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "unix", r.Avahi)
	if err != nil {
		return netip.Addr{}, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if strings.ContainsAny(host, " \r\n") {
		return netip.Addr{}, ErrNotFound
	}
	if _, err := fmt.Fprintf(conn, "RESOLVE-HOSTNAME-IPV4 %s\n", host); err != nil {
		return netip.Addr{}, err
	}
	line, err := bufio.NewReaderSize(conn, maxMessage).ReadSlice('\n')
	if err != nil {
		return netip.Addr{}, err
	}
	fields := strings.Fields(string(line)) // + interface protocol name address
	if len(fields) == 5 && fields[0] == "+" {
		return netip.ParseAddr(fields[4])
	}
	return netip.Addr{}, ErrNotFound
}

// queryNetwork sends a one-shot query (RFC 6762, 5.1), from a port other than 5353, so
// that the response is sent to this port.
func (r Resolver) queryNetwork(ctx context.Context, host string) (netip.Addr, error) {
	name, err := dnsmessage.NewName(host + ".")
	if err != nil {
		return netip.Addr{}, ErrNotFound
	}
	query := dnsmessage.Message{Questions: []dnsmessage.Question{{
		Name: name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET,
	}}}
	packed, err := query.Pack()
	if err != nil {
		return netip.Addr{}, ErrNotFound
	}
	ctx, cancel := context.WithTimeoutCause(ctx, maxQueries*queryInterval, ErrNotFound)
	defer cancel()
	conns, err := r.listen()
	if err != nil {
		return netip.Addr{}, err
	}
	answers := make(chan netip.Addr, len(conns))
	for _, conn := range conns {
		defer conn.Close()
		go receive(conn, host, answers)
	}
	ticker := time.NewTicker(queryInterval)
	defer ticker.Stop()
	for {
		for _, conn := range conns {
			// Writing fails on an interface without a route.
			_, _ = conn.WriteToUDPAddrPort(packed, r.Group)
		}
		select {
		case address := <-answers:
			return address, nil
		case <-ctx.Done():
			return netip.Addr{}, context.Cause(ctx)
		case <-ticker.C:
		}
	}
}

// listen opens a socket for each interface, because Linux sends multicast on the
// interface that has the socket's address.
func (r Resolver) listen() ([]*net.UDPConn, error) {
	var conns []*net.UDPConn
	for _, address := range r.sources() {
		conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(address, 0)))
		if err == nil {
			conns = append(conns, conn)
		}
	}
	if len(conns) > 0 {
		return conns, nil
	}
	conn, err := net.ListenUDP("udp4", nil)
	if err != nil {
		return nil, err
	}
	return []*net.UDPConn{conn}, nil
}

// sources returns an IPv4 address of each interface that is up and supports multicast.
func (r Resolver) sources() []netip.Addr {
	if !r.Group.Addr().IsMulticast() {
		return nil
	}
	interfaces, err := net.Interfaces()
	if err != nil {
		return nil
	}
	var list []netip.Addr
	for _, i := range interfaces {
		addresses, err := i.Addrs()
		if err != nil || i.Flags&net.FlagUp == 0 || i.Flags&net.FlagMulticast == 0 {
			continue
		}
		for _, a := range addresses {
			if prefix, err := netip.ParsePrefix(a.String()); err == nil && prefix.Addr().Is4() {
				list = append(list, prefix.Addr())
				break
			}
		}
	}
	return list
}

// receive sends the first address that arrives for a host. It returns when the
// connection is closed.
func receive(conn *net.UDPConn, host string, answers chan<- netip.Addr) {
	buf := make([]byte, maxMessage)
	for {
		n, _, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		if address, ok := parseAnswer(buf[:n], host); ok {
			answers <- address
			return
		}
	}
}

// parseAnswer returns the address of a host in a response.
func parseAnswer(message []byte, host string) (netip.Addr, bool) {
	var p dnsmessage.Parser
	header, err := p.Start(message)
	if err != nil || !header.Response || p.SkipAllQuestions() != nil {
		return netip.Addr{}, false
	}
	for {
		record, err := p.AnswerHeader()
		if err != nil {
			return netip.Addr{}, false
		}
		if record.Type != dnsmessage.TypeA || !strings.EqualFold(record.Name.String(), host+".") {
			if p.SkipAnswer() != nil {
				return netip.Addr{}, false
			}
			continue
		}
		body, err := p.AResource()
		return netip.AddrFrom4(body.A), err == nil
	}
}
