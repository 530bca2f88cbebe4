package flags

import (
	"net/netip"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"
)

func parseServer(t *testing.T, args ...string) (Server, error) {
	t.Helper()
	var s Server
	set := pflag.NewFlagSet("edge", pflag.ContinueOnError)
	s.Add(set)
	if err := set.Parse(args); err != nil {
		return s, err
	}
	return s, s.Check()
}

func TestServer(t *testing.T) {
	s, err := parseServer(t, "--listen", ":8080", "--allow-host", "a.example", "--allow-host", "b.example", "--trusted-proxy", "192.168.1.2", "--trusted-proxy", "10.1.2.3/8")
	require.NoError(t, err)
	require.True(t, s.Enabled())
	require.Equal(t, []string{"a.example", "b.example"}, s.Config.AllowHosts)
	require.Equal(t, []netip.Prefix{netip.MustParsePrefix("192.168.1.2/32"), netip.MustParsePrefix("10.0.0.0/8")}, s.Config.TrustedProxies)

	s, err = parseServer(t)
	require.NoError(t, err)
	require.False(t, s.Enabled())
	for _, args := range [][]string{
		{"--token-file", "x"}, {"--listen", ":1", "--allow-host", "a.example:80"}, {"--listen", ":1", "--trusted-proxy", "0.0.0.0/0"},
		{"--listen", ":1", "--trusted-proxy", "proxy"},
	} {
		_, err := parseServer(t, args...)
		require.Error(t, err, args)
	}
}
