package mqtt

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProbe(t *testing.T) {
	m := newMosquitto(t, anonymous)
	m.start(t)
	o := observe(t, m, "", "#")
	address, err := Probe(t.Context(), Config{URL: m.url()})
	require.NoError(t, err)
	host, _, err := net.SplitHostPort(address)
	require.NoError(t, err)
	require.Equal(t, "127.0.0.1", host)
	require.Empty(t, o.all(), "it publishes nothing")
	m.stop(t)
	_, err = Probe(t.Context(), Config{URL: m.url()})
	require.ErrorContains(t, err, "connection refused")

	_, err = Probe(t.Context(), Config{URL: "http://x"})
	require.Equal(t, errURL, err)

	// A server of another protocol.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		if conn, err := l.Accept(); err == nil {
			_, _ = conn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n"))
			_ = conn.Close()
		}
	}()
	_, err = Probe(t.Context(), Config{URL: "mqtt://" + l.Addr().String()})
	require.Error(t, err)
}
