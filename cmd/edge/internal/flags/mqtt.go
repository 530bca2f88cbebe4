package flags

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"halfmeg/cmd/edge/internal/config"
	"halfmeg/cmd/edge/internal/homeassistant"
	"halfmeg/cmd/edge/internal/mqtt"
)

// MQTTPasswordVariable is the environment variable for the broker's password.
const MQTTPasswordVariable = "HALFMEG_MQTT_PASSWORD"

// MQTT are the flags for publishing over MQTT.
type MQTT struct {
	URL, User, PasswordFile string
	Name, Prefix            string
	Discovery               string // Home Assistant's prefix, or "off"
	CA, Cert, Key           string // files
	Snapshots               bool
}

// discoveryOff turns discovery off.
const discoveryOff = "off"

// Add defines the flags. The address is a plain string that mqtt.New checks: an error of
// flag parsing would quote the address, which may contain a password.
func (m *MQTT) Add(flags *pflag.FlagSet) {
	flags.StringVar(&m.URL, "mqtt", "", "publish to this MQTT `broker`, such as mqtt://host or mqtts://user@host:8883")
	config.MarkAddress(flags, "mqtt")
	flags.StringVar(&m.User, "mqtt-user", "", "user `name` for the broker")
	flags.StringVar(&m.PasswordFile, "mqtt-password-file", "", "`file` with the password for the broker; or set "+MQTTPasswordVariable)
	flags.StringVar(&m.Name, "mqtt-name", "", "`name` of this camera in topics and in Home Assistant (default the host name)")
	flags.StringVar(&m.Prefix, "mqtt-prefix", mqtt.DefaultPrefix, "first `levels` of all topics")
	flags.StringVar(&m.Discovery, "mqtt-discovery", homeassistant.DefaultPrefix, "`prefix` under which Home Assistant discovers devices, or off")
	flags.StringVar(&m.CA, "mqtt-ca", "", "`file` with the certificate authority of an mqtts broker, instead of the system's")
	flags.StringVar(&m.Cert, "mqtt-cert", "", "`file` with this client's certificate, if the broker requires one")
	flags.StringVar(&m.Key, "mqtt-key", "", "`file` with the key of --mqtt-cert")
	config.MarkSecretFile(flags, "mqtt-password-file", MQTTPasswordVariable)
	config.MarkPath(flags, "mqtt-ca", "mqtt-cert", "mqtt-key")
	flags.BoolVar(&m.Snapshots, "mqtt-snapshot", false, "publish a picture when something appears")
}

// Enabled reports whether to publish over MQTT.
func (m *MQTT) Enabled() bool { return m.URL != "" }

// Config returns the configuration of the sink. The password is taken from the file of
// --mqtt-password-file, the environment or the address, in this order. But if the
// configuration file sets mqtt-password-file, the environment takes precedence: see
// config.MarkSecretFile.
func (m *MQTT) Config() (mqtt.Config, error) {
	if !m.Enabled() {
		if m.User != "" || m.PasswordFile != "" || m.Name != "" || m.CA != "" || m.Cert != "" || m.Key != "" || m.Snapshots ||
			m.Prefix != mqtt.DefaultPrefix || m.Discovery != homeassistant.DefaultPrefix {
			return mqtt.Config{}, errors.New("the flags --mqtt-… need --mqtt with the address of a broker")
		}
		return mqtt.Config{}, nil
	}
	password, err := secret(m.PasswordFile, MQTTPasswordVariable)
	if err != nil {
		return mqtt.Config{}, fmt.Errorf("--mqtt-password-file: %w", err)
	}
	c := mqtt.Config{
		URL: m.URL, User: m.User, Password: password,
		Name: m.Name, Prefix: m.Prefix, Discovery: m.Discovery,
		CAFile: m.CA, CertFile: m.Cert, KeyFile: m.Key,
		Snapshots: m.Snapshots,
	}
	if c.Discovery == discoveryOff {
		c.Discovery = ""
	}
	return c, nil
}
