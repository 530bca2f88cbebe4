package access

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// origin is how the client reaches the server, possibly through a proxy.
type origin struct {
	secure bool   // https
	prefix string // sub-path at the proxy, without the last slash; empty without a proxy
}

type originKey struct{}

func originOf(r *http.Request) origin {
	o, ok := r.Context().Value(originKey{}).(origin)
	if !ok {
		o.secure = r.TLS != nil
	}
	return o
}

// forwarded returns the request as its client sent it, and the client's address. The
// X-Forwarded headers count only if a trusted proxy sent them. Wrap checks the hosts
// that they name.
func (g *Guard) forwarded(r *http.Request) (*http.Request, netip.Addr) {
	peer := addressOf(r.RemoteAddr)
	if !g.trusts(peer) {
		return r, peer
	}
	o := origin{secure: r.TLS != nil}
	if proto := first(r.Header.Get("X-Forwarded-Proto")); proto != "" {
		o.secure = strings.EqualFold(proto, "https")
	}
	o.prefix = cleanPrefix(first(r.Header.Get("X-Forwarded-Prefix")))
	r = r.Clone(context.WithValue(r.Context(), originKey{}, o))
	if host := first(r.Header.Get("X-Forwarded-Host")); host != "" {
		r.Host = host
	}
	// A proxy may keep the prefix in the path or strip it.
	if rest, ok := strings.CutPrefix(r.URL.Path, o.prefix+"/"); ok && o.prefix != "" {
		r.URL.Path, r.URL.RawPath = "/"+rest, ""
	}
	// Each proxy appends the address of its client. The last address that is not a
	// trusted proxy is the client.
	client := peer
	list := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(list) - 1; i >= 0 && g.trusts(client); i-- {
		a := addressOf(strings.TrimSpace(list[i]))
		if !a.IsValid() {
			break
		}
		client = a
	}
	return r, client
}

func (g *Guard) trusts(a netip.Addr) bool {
	for _, p := range g.config.Proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// addressOf parses an address with or without a port; the result may be invalid.
func addressOf(text string) netip.Addr {
	if a, err := netip.ParseAddrPort(text); err == nil {
		return a.Addr().Unmap().WithZone("")
	}
	a, _ := netip.ParseAddr(strings.Trim(text, "[]"))
	return a.Unmap().WithZone("")
}

// first returns the first element of a list separated by commas.
func first(list string) string {
	element, _, _ := strings.Cut(list, ",")
	return strings.TrimSpace(element)
}

// cleanPrefix returns the prefix of a path without the last slash, or "" if the text is
// not a valid prefix. The result becomes the path of a cookie.
func cleanPrefix(prefix string) string {
	prefix = strings.TrimRight(prefix, "/")
	const allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-._~"
	if !strings.HasPrefix(prefix, "/") || strings.HasPrefix(prefix, "//") || strings.Trim(prefix, allowed) != "" {
		return ""
	}
	for _, c := range prefix {
		if !strings.ContainsRune(allowed, c) {
			return ""
		}
	}
	return prefix
}

// knowsHosts reports whether all names in Host and, from a trusted proxy, in
// X-Forwarded-Host are this machine's. It checks both, because a proxy that sets only
// one of them passes the client's value on in the other.
func (g *Guard) knowsHosts(r *http.Request) bool {
	if !g.knowsHost(r.Host) {
		return false
	}
	list := strings.Join(r.Header.Values("X-Forwarded-Host"), ",")
	if list == "" || !g.trusts(addressOf(r.RemoteAddr)) {
		return true
	}
	for host := range strings.SplitSeq(list, ",") {
		if !g.knowsHost(strings.TrimSpace(host)) {
			return false
		}
	}
	return true
}

// knowsHost reports whether a Host header names this machine.
func (g *Guard) knowsHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if a, err := netip.ParseAddr(host); err == nil {
		return !a.IsUnspecified() && (!g.config.OnlyLoopback || a.Unmap().IsLoopback())
	}
	if host == "localhost" {
		return true
	}
	for _, name := range g.config.Names {
		if strings.EqualFold(strings.TrimSuffix(name, "."), host) {
			return true
		}
	}
	return false
}
