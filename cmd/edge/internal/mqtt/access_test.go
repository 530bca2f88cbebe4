package mqtt

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/internal/localname"
)

// withPassword returns a broker with the user "pi" and the password "secret".
func withPassword(t *testing.T, lines ...string) *mosquitto {
	t.Helper()
	m := newMosquitto(t, append([]string{"allow_anonymous false", "password_file %d/passwords"}, lines...)...)
	program, err := exec.LookPath("mosquitto_passwd")
	require.NoError(t, err, "it is part of mosquitto")
	out, err := exec.Command(program, "-c", "-b", filepath.Join(filepath.Dir(m.config), "passwords"), "pi", "secret").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return m
}

func TestCredentials(t *testing.T) {
	m := withPassword(t)
	m.start(t)
	withUser := strings.Replace(m.url(), "mqtt://", "mqtt://pi:secret@", 1)
	for _, c := range []Config{{URL: m.url(), User: "pi", Password: "secret"}, {URL: withUser}} {
		s, r := newSink(t, c)
		require.NoError(t, s.Observe(frame(1, event(decision.Appeared, "1", "cat", 3))))
		require.NoError(t, s.Close())
		require.Empty(t, r.all(), "the event has arrived")
	}
}

func TestWrongPassword(t *testing.T) {
	m := withPassword(t)
	m.start(t)
	s, r := newSink(t, Config{URL: m.url(), User: "pi", Password: "wr0ng"})
	require.Eventually(t, func() bool { return len(r.all()) == 1 }, waitTimeout, 10*time.Millisecond)
	require.Contains(t, r.all()[0], "it rejects the user or the password: check --mqtt-user and --mqtt-password-file")
	require.NotContains(t, r.all()[0], "wr0ng")
	require.NoError(t, s.Observe(frame(1, event(decision.Appeared, "1", "cat", 3))))
	require.NoError(t, s.Close())
	require.Equal(t, []string{"1 event did not reach the MQTT broker"}, r.all()[1:], "the refusal is reported once")
}

// A refused client waits for minutes, others for at most a minute.
func TestDelays(t *testing.T) {
	delays := newBackOff()
	for _, seconds := range []float64{1, 2, 4, 8, 16, 32, 60, 60} {
		require.InEpsilon(t, seconds, nextDelay(delays, errors.New("connection refused")).Seconds(), 0.26)
		require.Equal(t, 2*time.Minute, nextDelay(delays, errRefused))
	}
	delays.Reset()
	require.InEpsilon(t, time.Second, nextDelay(delays, errors.New("connection refused")), 0.26)
}

func TestReportedOnce(t *testing.T) {
	var r reports
	c := &client{broker: &broker{address: "a:1"}, out: newOutbox(), report: r.report, log: r.log}
	for range 3 {
		c.reportOutage(errors.New("connection refused"))
		c.reportOutage(errors.New("no route"))
	}
	c.reportOutage(errRefused)
	c.reportOutage(errRefused)
	c.reportConnected()
	c.reportConnected()
	require.Equal(t, []string{
		"MQTT broker a:1: connection refused; events are queued until it is reachable",
		"MQTT broker a:1: refused; retrying every 2 minutes",
		"MQTT broker a:1: connected",
	}, r.all())
}

// If the broker forbids some topics, the others still work.
func TestForbiddenTopics(t *testing.T) {
	m := withPassword(t, "acl_file %d/acl")
	acl := "user pi\ntopic write halfmeg/door/availability\ntopic write halfmeg/door/events\n"
	require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(m.config), "acl"), []byte(acl), 0o600))
	m.start(t)
	s, r := newSink(t, Config{URL: m.url(), User: "pi", Password: "secret"})
	require.NoError(t, s.Observe(frame(1, event(decision.Appeared, "1", "cat", 3))))
	require.NoError(t, s.Close())
	all := strings.Join(r.all(), "\n")
	require.Contains(t, all, "does not let this client publish (reason 0x87) on halfmeg/door/camera")
	require.NotContains(t, all, "availability")
	require.NotContains(t, all, "did not reach")
}

// authority issues certificates.
type authority struct {
	folder string
	cert   *x509.Certificate
	key    *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, folder string) *authority {
	t.Helper()
	a := &authority{folder: folder}
	a.cert, a.key = a.issue(t, "ca", x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// issue writes NAME.crt and NAME.key.
func (a *authority) issue(t *testing.T, name string, c x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	c.SerialNumber, c.Subject = big.NewInt(1), pkix.Name{CommonName: name}
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = &c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, &c, parent, &key.PublicKey, signer)
	require.NoError(t, err)
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	for suffix, block := range map[string]*pem.Block{".crt": {Type: "CERTIFICATE", Bytes: der}, ".key": {Type: "PRIVATE KEY", Bytes: keyDER}} {
		require.NoError(t, os.WriteFile(filepath.Join(a.folder, name+suffix), pem.EncodeToMemory(block), 0o600))
	}
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert, key
}

func TestTLS(t *testing.T) {
	m := newMosquitto(t, anonymous, "cafile %d/ca.crt", "certfile %d/broker.crt", "keyfile %d/broker.key", "require_certificate true")
	folder := filepath.Dir(m.config)
	a := newAuthority(t, folder)
	a.issue(t, "broker", x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	a.issue(t, "client", x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	m.start(t)
	good := Config{
		URL:      strings.Replace(m.url(), "mqtt:", "mqtts:", 1),
		CAFile:   filepath.Join(folder, "ca.crt"),
		CertFile: filepath.Join(folder, "client.crt"), KeyFile: filepath.Join(folder, "client.key"),
	}
	s, r := newSink(t, good)
	require.NoError(t, s.Observe(frame(1, event(decision.Appeared, "1", "cat", 3))))
	require.NoError(t, s.Close())
	require.Empty(t, r.all())

	for want, change := range map[string]func(c *Config){
		"certificate signed by unknown authority": func(c *Config) { c.CAFile = "" },
		// In TLS 1.3 the client completes the handshake before the broker checks its
		// certificate, and the broker's alert may be lost.
		"events are queued until it is reachable": func(c *Config) { c.CertFile, c.KeyFile = "", "" },
		"certificate is not valid for any names":  func(c *Config) { c.URL = strings.Replace(c.URL, "127.0.0.1", "localhost", 1) },
	} {
		bad := good
		change(&bad)
		_, r := newSink(t, bad)
		require.Eventually(t, func() bool { return len(r.all()) > 0 }, waitTimeout, 10*time.Millisecond)
		require.Contains(t, r.all()[0], want)
	}
}

func TestConfigErrors(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for want, c := range map[string]Config{
		errURL.Error():                                  {URL: "host:1883"},
		"certificates need mqtts://":                    {URL: "mqtt://host", CAFile: "ca"},
		"the broker's certificate authority":            {URL: "mqtts://host", CAFile: "no-such-file"},
		"contains no certificate in PEM format":         {URL: "mqtts://host", CAFile: empty},
		"needs both a certificate file and a key file":  {URL: "mqtts://host", CertFile: "cert"},
		"the client certificate: ":                      {URL: "mqtts://host", CertFile: empty, KeyFile: empty},
		"the broker's password is set, but its user":    {URL: "mqtt://host", Password: "x"},
		"the MQTT topic prefix \"a/#\"":                 {URL: "mqtt://host", Prefix: "a/#"},
		"the discovery prefix of Home Assistant \"/x\"": {URL: "mqtt://host", Discovery: "/x"},
	} {
		_, err := New(c)
		require.ErrorContains(t, err, want)
	}
	for _, u := range []string{"", "http://host", "mqtt://pi:s3cret@host:port", "mqtt://pi:s3cret@/", "mqtt://pi:s3cret@host/path", "mqtt://pi:s3cret@host?x=1", "%zz"} {
		_, err := New(Config{URL: u})
		require.Equal(t, errURL, err, u)
	}
}

func TestBroker(t *testing.T) {
	for u, want := range map[string]string{
		"mqtt://host": "host:1883", "mqtts://host": "host:8883", "mqtt://host:99/": "host:99", "mqtts://[::1]": "[::1]:8883",
	} {
		b, err := newBroker(Config{URL: u})
		require.NoError(t, err)
		require.Equal(t, want, b.address)
		require.Equal(t, strings.HasPrefix(u, "mqtts"), b.tls != nil)
	}
	b, err := newBroker(Config{URL: "mqtt://pi:a%40b@host"})
	require.NoError(t, err)
	require.Equal(t, []string{"pi", "a@b"}, []string{b.user, b.password})
	b, err = newBroker(Config{URL: "mqtt://pi:a@host", User: "me", Password: "b"})
	require.NoError(t, err)
	require.Equal(t, []string{"me", "b"}, []string{b.user, b.password})
}

// Go's resolver does not support names such as homeassistant.local.
func TestLocalName(t *testing.T) {
	daemon, err := net.Listen("unix", filepath.Join(t.TempDir(), "socket"))
	require.NoError(t, err)
	defer daemon.Close()
	go func() {
		conn, err := daemon.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		line, _ := bufio.NewReader(conn).ReadString('\n')
		fmt.Fprintf(conn, "+ 2 0 %s 127.0.0.1\n", strings.TrimSpace(strings.TrimPrefix(line, "RESOLVE-HOSTNAME-IPV4")))
	}()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)

	b, err := newBroker(Config{URL: "mqtt://homeassistant.local:" + port})
	require.NoError(t, err)
	require.Equal(t, localname.Default, b.resolver)
	b.resolver = localname.Resolver{Avahi: daemon.Addr().String()}
	conn, err := b.dial(t.Context())
	require.NoError(t, err)
	require.NoError(t, conn.Close())
}

func TestSensors(t *testing.T) {
	labels := []string{"tench, Tinca tinca", "crane", "cat", "crane, machine"}
	list, err := Sensors(labels, decision.Config{Groups: []decision.Group{{Name: "fish"}}, Allow: []string{"FISH", "crane", "#2", "cat", "birds"}, Catalog: catalog{}})
	require.NoError(t, err)
	require.Equal(t, []Sensor{{Name: "fish", Group: true}, {Name: "crane", Classes: []int{1, 3}}, {Name: "cat", Classes: []int{2}}, {Name: "birds", Classes: []int{1}}}, list)

	// Two classes of the same name are two sensors. A class without a label gets a name.
	list, err = Sensors(labels, decision.Config{Allow: []string{"#1", "#3", "crane"}})
	require.NoError(t, err)
	require.Equal(t, []Sensor{{Name: "crane", Classes: []int{1}}, {Name: "crane", Classes: []int{3}}, {Name: "crane", Classes: []int{1, 3}}}, list)
	list, err = Sensors(make([]string, 3), decision.Config{Allow: []string{"#1", "#2"}})
	require.NoError(t, err)
	require.Equal(t, []Sensor{{Name: "class 1", Classes: []int{1}}, {Name: "class 2", Classes: []int{2}}}, list)

	_, err = Sensors(labels, decision.Config{Allow: []string{"unicorn"}})
	require.ErrorContains(t, err, "unicorn")
}

// catalog is a Catalog with one group.
type catalog struct{}

func (catalog) Find(name string) ([]int, bool) { return []int{1}, name == "birds" }

func (catalog) Nearest(string) string { return "" }
