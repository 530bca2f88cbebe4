package flags

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/mqtt"
)

func parseMQTT(t *testing.T, args ...string) (mqtt.Config, error) {
	t.Helper()
	var m MQTT
	set := pflag.NewFlagSet("test", pflag.ContinueOnError)
	m.Add(set)
	require.NoError(t, set.Parse(args))
	return m.Config()
}

func TestMQTT(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(file, []byte("from file\r\nrest"), 0o600))
	c, err := parseMQTT(t)
	require.NoError(t, err)
	require.Zero(t, c)

	t.Setenv(MQTTPasswordVariable, "from environment")
	c, err = parseMQTT(t, "--mqtt", "mqtt://host", "--mqtt-user", "pi", "--mqtt-name", "door", "--mqtt-snapshot")
	require.NoError(t, err)
	require.Equal(t, mqtt.Config{URL: "mqtt://host", User: "pi", Password: "from environment", Name: "door", Prefix: "halfmeg", Discovery: "homeassistant", Snapshots: true}, c)

	c, err = parseMQTT(t, "--mqtt", "mqtts://host", "--mqtt-password-file", file, "--mqtt-discovery", "off", "--mqtt-prefix", "a/b", "--mqtt-ca", "1", "--mqtt-cert", "2", "--mqtt-key", "3")
	require.NoError(t, err)
	require.Equal(t, mqtt.Config{URL: "mqtts://host", Password: "from file", Prefix: "a/b", CAFile: "1", CertFile: "2", KeyFile: "3"}, c)

	_, err = parseMQTT(t, "--mqtt-snapshot")
	require.ErrorContains(t, err, "need --mqtt")
	_, err = parseMQTT(t, "--mqtt", "mqtt://host", "--mqtt-password-file", "no-such-file")
	require.ErrorContains(t, err, "--mqtt-password-file: open no-such-file")
	require.NoError(t, os.WriteFile(file, []byte("\n"), 0o600))
	_, err = parseMQTT(t, "--mqtt", "mqtt://host", "--mqtt-password-file", file)
	require.ErrorContains(t, err, "the first line of")
}
