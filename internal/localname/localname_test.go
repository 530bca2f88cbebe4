package localname

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/dns/dnsmessage"
)

var camera = netip.MustParseAddr("192.0.2.7")

func TestIs(t *testing.T) {
	for _, host := range []string{"camera.local", "CAMERA.LOCAL", "camera.local.", "a.b.local"} {
		require.True(t, Is(host), host)
	}
	for _, host := range []string{"local", ".local", "camera", "camera.local.example", "192.0.2.7", ""} {
		require.False(t, Is(host), host)
	}
}

// startAvahi starts a daemon that answers queries for camera.local with a line. It
// returns the path of its socket.
func startAvahi(t *testing.T, answer string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "socket")
	listener, err := net.Listen("unix", path)
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			if line, _ := bufio.NewReader(conn).ReadString('\n'); line == "RESOLVE-HOSTNAME-IPV4 camera.local\n" {
				_, _ = fmt.Fprint(conn, answer)
			}
			_ = conn.Close()
		}
	}()
	return path
}

func TestAvahi(t *testing.T) {
	r := Resolver{Avahi: startAvahi(t, "+ 2 0 camera.local 192.0.2.7\n")}
	for _, host := range []string{"camera.local", "camera.local."} {
		address, err := r.Lookup(t.Context(), host)
		require.NoError(t, err)
		require.Equal(t, camera, address)
	}
	for _, answer := range []string{"-15 Timeout reached\n", "+\n", "?\n"} {
		_, err := Resolver{Avahi: startAvahi(t, answer)}.Lookup(t.Context(), "camera.local")
		require.ErrorIs(t, err, ErrNotFound, answer)
	}
}

// startResponder starts a responder that answers the second query for camera.local. It
// sends invalid messages before.
func startResponder(t *testing.T, record dnsmessage.Resource) netip.AddrPort {
	t.Helper()
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	go func() {
		buf := make([]byte, maxMessage)
		for n := 1; ; n++ {
			size, from, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:size]) != nil || len(m.Questions) != 1 || m.Questions[0].Name.String() != "camera.local." || n < 2 {
				_, _ = conn.WriteToUDPAddrPort([]byte("nonsense"), from)
				continue
			}
			m.Response = true
			other := record
			other.Header.Name = dnsmessage.MustNewName("other.local.")
			m.Answers = []dnsmessage.Resource{other, record}
			packed, _ := m.Pack()
			_, _ = conn.WriteToUDPAddrPort(packed, from)
		}
	}()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort()
}

func TestNetworkQuery(t *testing.T) {
	r := Resolver{Avahi: filepath.Join(t.TempDir(), "none"), Group: startResponder(t, dnsmessage.Resource{
		Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName("Camera.local."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET},
		Body:   &dnsmessage.AResource{A: camera.As4()},
	})}
	address, err := r.Lookup(t.Context(), "camera.local")
	require.NoError(t, err)
	require.Equal(t, camera, address)
	_, err = r.Lookup(t.Context(), "printer.local")
	require.ErrorIs(t, err, ErrNotFound)
}

func TestLookupIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Resolver{Avahi: "none", Group: netip.MustParseAddrPort("127.0.0.1:9")}.Lookup(ctx, "camera.local")
	require.ErrorIs(t, err, context.Canceled)
}

func FuzzParseAnswer(f *testing.F) {
	m := dnsmessage.Message{Header: dnsmessage.Header{Response: true}, Answers: []dnsmessage.Resource{{
		Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName("camera.local."), Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET},
		Body:   &dnsmessage.AResource{A: camera.As4()},
	}}}
	packed, err := m.Pack()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(packed)
	f.Fuzz(func(t *testing.T, message []byte) {
		address, ok := parseAnswer(message, "camera.local")
		if ok {
			require.True(t, address.Is4())
			require.Contains(t, string(message), string(address.AsSlice()))
		}
	})
}
