package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"127.0.0.1:8080": "127.0.0.1:8080", ":8080": ":8080", "localhost": "localhost:8080", "localhost:": "localhost:8080",
		"[::1]:90": "[::1]:90", "[::1]": "[::1]:8080", ":": ":8080",
	} {
		got, err := withPort(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got)
	}
	for _, text := range []string{"8080", "::1", "a:b:c"} {
		_, err := withPort(text)
		require.ErrorContains(t, err, "127.0.0.1:8080 for this machine only", text)
	}
}

func TestListenErrors(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	_, err = New(Config{Listen: taken.Addr().String()})
	require.ErrorContains(t, err, "another edge, has this port; use another one, such as --listen 127.0.0.1:8081")
	_, err = New(Config{Listen: "192.0.2.1:8080"})
	require.ErrorContains(t, err, "this machine has no such address")
	_, err = New(Config{Listen: "127.0.0.1:99999"})
	require.ErrorContains(t, err, "--listen 127.0.0.1:99999")
	require.ErrorContains(t, explainListen(":80", os.NewSyscallError("bind", syscall.EACCES)), "only root may use ports below 1024; use a higher one, such as --listen :8080")
	_, err = New(Config{Listen: "127.0.0.1:0", TLSCert: "x.pem"})
	require.ErrorContains(t, err, "belong together")
	_, err = New(Config{Listen: "127.0.0.1:0", TLSCert: "x.pem", TLSKey: "y.pem"})
	require.ErrorContains(t, err, "x.pem")
}

// On an address of the network the page needs a token. The server prints an address with
// a one-time token, and a new one after each use.
func TestNetwork(t *testing.T) {
	var stderr journal
	s := start(t, Config{Listen: "0.0.0.0:0", Stderr: &stderr})
	local := "http://127.0.0.1:" + port(s)
	fetch := func(path string, header ...string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, local+path, nil)
		require.NoError(t, err)
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		code, _ := do(t, r)
		return code
	}
	require.Equal(t, 401, fetch("/api/state"))
	require.Equal(t, 200, fetch("/page.css"))
	one := regexp.MustCompile(`open http://\S+:\d+(/login\?token=\S+)`)
	first := one.FindStringSubmatch(stderr.String())
	require.NotNil(t, first, stderr.String())
	require.Equal(t, 200, fetch(first[1]))
	require.Equal(t, 401, fetch(first[1]))
	all := one.FindAllStringSubmatch(stderr.String(), -1)
	require.Len(t, all, 2)
	require.NotEqual(t, first[1], all[1][1])
	token := regexp.MustCompile(`Bearer (\S+)`).FindStringSubmatch(stderr.String())
	require.NotNil(t, token)
	require.Equal(t, 200, fetch("/api/state", "Authorization", "Bearer "+token[1]))
}

// With a proxy the first printed address is the proxy's, with the same one-time token as
// the others.
func TestProxiedAddress(t *testing.T) {
	proxy := []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
	var stderr journal
	s := start(t, Config{TrustedProxies: proxy, AllowHosts: []string{"home.example.org"}, Stderr: &stderr})
	printed := regexp.MustCompile(`edge: open https://home\.example\.org(/login\?token=\S+) through your proxy.*\nedge: or   http://(\S+?)(/login\?token=\S+)\n`).FindStringSubmatch(stderr.String())
	require.NotNil(t, printed, stderr.String())
	require.Equal(t, printed[1], printed[3])
	require.Equal(t, s.Addr().String(), printed[2])
	r := request(t, s, http.MethodGet, printed[1])
	r.Host = "home.example.org"
	r.Header.Set("X-Forwarded-Proto", "https")
	code, _ := do(t, r)
	require.Equal(t, 200, code)

	// Without a proxy or its name no such address is printed.
	for _, config := range []Config{{TrustedProxies: proxy}, {Listen: "0.0.0.0:0", AllowHosts: []string{"home.example.org"}}} {
		var stderr journal
		config.Stderr = &stderr
		start(t, config)
		require.NotContains(t, stderr.String(), "proxy")
		require.Contains(t, stderr.String(), "edge: open http://")
	}
}

func port(s *Server) string {
	_, p, _ := net.SplitHostPort(s.Addr().String())
	return p
}

func TestTokenFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "token")
	var stderr journal
	s := start(t, Config{TokenFile: name, Stderr: &stderr})
	info, err := os.Stat(name)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	token := string(data[:len(data)-1])
	require.NotContains(t, stderr.String(), token)
	code, _ := get(t, s, "/api/state")
	require.Equal(t, 401, code, "with a token file even loopback needs the token")
	again := start(t, Config{TokenFile: name})
	r := request(t, again, http.MethodGet, "/api/state")
	r.Header.Set("Authorization", "Bearer "+token)
	code, _ = do(t, r)
	require.Equal(t, 200, code)

	require.NoError(t, os.WriteFile(name, []byte("short\n"), 0o600))
	_, err = New(Config{Listen: "127.0.0.1:0", TokenFile: name})
	require.ErrorContains(t, err, "at least 16 characters")
	_, err = New(Config{Listen: "127.0.0.1:0", TokenFile: filepath.Join(name, "x")})
	require.ErrorContains(t, err, "--token-file")
}

// writeCertificate writes a certificate for 127.0.0.1 and its key.
func writeCertificate(t *testing.T) (cert, key string, pool *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	require.NoError(t, err)
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	write := func(name, kind string, der []byte) string {
		name = filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(name, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		return name
	}
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	pool = x509.NewCertPool()
	pool.AddCert(parsed)
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", encoded), pool
}

func TestTLS(t *testing.T) {
	cert, key, pool := writeCertificate(t)
	var stderr journal
	s := start(t, Config{TLSCert: cert, TLSKey: key, Stderr: &stderr})
	feed(t, s.Sink(""))
	require.Contains(t, stderr.String(), "https://127.0.0.1")
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}}
	defer client.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+s.Addr().String()+"/stream.mjpg", nil)
	require.NoError(t, err)
	response, err := client.Do(r)
	require.NoError(t, err)
	defer response.Body.Close()
	require.Equal(t, 2, response.ProtoMajor)
	n, err := io.CopyN(io.Discard, response.Body, 5000) // several pictures
	require.NoError(t, err)
	require.EqualValues(t, 5000, n)
}

func TestCertificateIsRenewed(t *testing.T) {
	cert, key, _ := writeCertificate(t)
	var reported []error
	c, err := newCertificate(cert, key, func(err error) { reported = append(reported, err) })
	require.NoError(t, err)
	first, err := c.get(nil)
	require.NoError(t, err)

	replace := func(name string, data []byte, modified time.Time) {
		require.NoError(t, os.WriteFile(name, data, 0o600))
		require.NoError(t, os.Chtimes(name, modified, modified))
	}
	next := func() *tls.Certificate {
		c.checked = time.Now().Add(-certificateInterval)
		loaded, err := c.get(nil)
		require.NoError(t, err)
		return loaded
	}
	require.Same(t, first, next())
	newCert, newKey, _ := writeCertificate(t)
	read := func(name string) []byte {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		return data
	}
	replace(cert, read(newCert), time.Now().Add(time.Hour))
	require.Same(t, first, next(), "the key does not belong to the new certificate yet")
	require.Len(t, reported, 1)
	require.ErrorContains(t, reported[0], "the previous certificate stays in use")
	replace(key, read(newKey), time.Now().Add(time.Hour))
	renewed := next()
	require.NotSame(t, first, renewed)
	require.NotEqual(t, first.Certificate, renewed.Certificate)
	require.Len(t, reported, 1)
}

func TestProbe(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	taken := l.Addr().(*net.TCPAddr).Port
	port, err := Probe(Config{Listen: l.Addr().String()})
	require.ErrorContains(t, err, "another program, perhaps another edge, has this port")
	require.Equal(t, taken, port)
	require.NoError(t, l.Close())
	for range 2 { // it leaves the port free
		port, err = Probe(Config{Listen: l.Addr().String()})
		require.NoError(t, err)
		require.Equal(t, taken, port)
	}
	port, err = Probe(Config{Listen: "8080"})
	require.ErrorContains(t, err, "expected an address and a port")
	require.Zero(t, port)
}
