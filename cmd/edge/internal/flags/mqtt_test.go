package flags

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/config"
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

// A secret is taken from the file of a flag, the environment or the file that the
// configuration names, in this order. The latter is relative to the configuration's folder.
func TestSecretsAndConfiguration(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "named"), []byte("from file"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "flag"), []byte("from flag"), 0o600))
	document, err := config.Parse(filepath.Join(dir, "c.yaml"), []byte(
		"mqtt: mqtt://host\nmqtt-password-file: named\nwebhook: [http://host]\nwebhook-token-file: named\n"))
	require.NoError(t, err)
	check := func(want string, args ...string) {
		t.Helper()
		var m MQTT
		var w Webhook
		set := pflag.NewFlagSet("test", pflag.ContinueOnError)
		m.Add(set)
		w.Add(set)
		require.NoError(t, set.Parse(args))
		_, err := document.Apply(set, nil)
		require.NoError(t, err)
		broker, err := m.Config()
		require.NoError(t, err)
		require.Equal(t, want, broker.Password)
		hooks, err := w.Configs()
		require.NoError(t, err)
		require.Len(t, hooks, 1)
		require.Equal(t, want, hooks[0].Token)
	}
	check("from file")
	t.Setenv(MQTTPasswordVariable, "from environment")
	t.Setenv(WebhookTokenVariable, "from environment")
	check("from environment")
	check("from flag", "--mqtt-password-file", filepath.Join(dir, "flag"), "--webhook-token-file", filepath.Join(dir, "flag"))
}
