package web

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"

	"halfmeg/internal/localname"
)

// client sends the requests of a stream.
type client struct {
	config    Config
	redirects int // that a request may follow
	address   *url.URL
	auth      credentials
	names     localname.Resolver
	transport *http.Transport
}

func newClient(address *url.URL, c Config, redirects int) *client {
	client := &client{config: c, redirects: redirects, address: address, auth: credentials{user: address.User}, names: localname.Default}
	client.transport = &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            client.dialLenient,
		DialTLSContext:         client.dialTLS,
		TLSClientConfig:        c.tlsConfig(), // behind a proxy
		DisableKeepAlives:      true,          // no connection outlives its response
		DisableCompression:     true,
		MaxResponseHeaderBytes: 2 * maxHeader, // lenientConn has the limit
	}
	return client
}

func (c *client) dialLenient(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := c.names.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return newLenientConn(conn), nil
}

func (c *client) dialTLS(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := c.names.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	config := c.config.tlsConfig()
	config.ServerName, _, _ = net.SplitHostPort(address)
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close() // the handshake's error says more
		var record tls.RecordHeaderError
		if errors.As(err, &record) {
			return nil, permanent{errors.New("the server does not speak TLS on this port: use http instead of https")}
		}
		return nil, err
	}
	return newLenientConn(secure), nil
}

// get requests the address with some more headers. It follows redirects and answers
// challenges. A status other than OK and Not Modified is an error.
func (c *client) get(ctx context.Context, header http.Header) (*http.Response, error) {
	u := *c.address
	u.User = nil
	for redirects := 0; ; {
		trusted := c.trusts(&u)
		response, answered, err := c.getOnce(ctx, &u, header, trusted)
		if err != nil {
			return nil, err
		}
		status := response.StatusCode
		if status == http.StatusOK || status == http.StatusNotModified {
			return response, nil
		}
		_ = response.Body.Close() // its content does not matter
		rejected := status == http.StatusUnauthorized || status == http.StatusForbidden
		location := response.Header.Get("Location")
		switch {
		case trusted && rejected && c.auth.challenged(response, answered):
		case status >= 300 && status < 400 && location != "":
			if redirects++; redirects > c.redirects {
				return nil, permanent{fmt.Errorf("the server redirects more than %d times", c.redirects)}
			}
			if err := redirect(&u, location); err != nil {
				return nil, err
			}
		default:
			return nil, c.auth.statusError(response, answered)
		}
	}
}

// trusts reports whether name and password may be sent to an address: to the host
// they are for, and not without TLS if they are for https.
func (c *client) trusts(u *url.URL) bool {
	return u.Hostname() == c.address.Hostname() && (u.Scheme == "https" || c.address.Scheme == "http")
}

// getOnce sends one request. It reports whether the request had name and password.
func (c *client) getOnce(ctx context.Context, u *url.URL, header http.Header, trusted bool) (response *http.Response, answered bool, err error) {
	if u.Scheme != "https" && len(c.config.TLSFingerprint) > 0 {
		return nil, false, permanent{errors.New("a certificate is asked for, but the address is one of http: it needs https")}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, false, permanent{ErrAddress}
	}
	request.Header = header.Clone()
	if trusted {
		if answered, err = c.auth.authorize(request); err != nil {
			return nil, false, err
		}
	}
	response, err = c.transport.RoundTrip(request)
	return response, answered, err
}

// redirect changes an address to where it redirects.
func redirect(u *url.URL, location string) error {
	to, err := u.Parse(location)
	if err != nil {
		return permanent{errors.New("the server redirects to an address that is not valid")}
	}
	if !isHTTP(to.Scheme) || to.Host == "" {
		return permanent{fmt.Errorf("the server redirects to an address of scheme %s: only http and https are supported", to.Scheme)}
	}
	*u = *to
	u.User, u.Fragment = nil, ""
	return nil
}

// checkContent returns the error of content that is no stream and no JPEG. It looks
// at the data, because servers send wrong types. It waits for the first bytes.
func checkContent(contentType string, body *bufio.Reader) error {
	if _, err := body.Peek(1); err != nil {
		return nil //nolint:nilerr // reading the content fails again
	}
	head, err := body.Peek(body.Buffered())
	if err != nil {
		return err
	}
	head = bytes.TrimLeft(head, " \t\r\n\xef\xbb\xbf") // the last three are a byte order mark
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	kind = strings.TrimSpace(kind)
	major, _, _ := strings.Cut(kind, "/")
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xd8}), bytes.HasPrefix(head, []byte("--")), isMultipart(kind):
		return nil
	case bytes.HasPrefix(head, []byte("<")):
		return permanent{fmt.Errorf("the server sends a page (%.60q), not a stream: open it in a browser and look for the address of the stream or the picture", kind)}
	case bytes.HasPrefix(head, []byte("#EXTM3U")), major == "video", major == "audio", strings.HasSuffix(kind, "mpegurl"):
		return permanent{fmt.Errorf("%w (%.60q)", ErrVideo, kind)}
	case major == "image":
		return permanent{fmt.Errorf("the server sends a picture of type %.60q: only JPEG is supported", kind)}
	case (major == "text" || kind == "application/json") && !bytes.Contains(head, []byte("\n--")):
		return permanent{fmt.Errorf("the content has the type %.60q, neither a stream nor a picture: it starts with %.40q", kind, head)}
	}
	return nil
}

// bodyReader returns the content of a response, after checkContent.
func bodyReader(response *http.Response) (io.Reader, error) {
	body := bufio.NewReader(response.Body)
	return body, checkContent(response.Header.Get("Content-Type"), body)
}
