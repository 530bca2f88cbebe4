package flags

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"

	"halfmeg/cmd/edge/internal/config"
	"halfmeg/cmd/edge/internal/homeassistant"
	"halfmeg/cmd/edge/internal/mqtt"
)

// MQTTPasswordVariable is the environment variable for the broker's password.
const MQTTPasswordVariable = "HALFMEG_MQTT_PASSWORD"

// MQTT says where and what to publish over MQTT.
type MQTT struct {
	URL, User, PasswordFile string
	Name, Prefix            string
	Discovery               string // Home Assistant's prefix, or "off"
	CA, Cert, Key           string // files
	Snapshots               bool
}

// discoveryOff turns discovery off.
const discoveryOff = "off"

// Add defines the flags. The address is a plain string and is checked by Config: what
// is wrong with a flag is printed with its value, which may hold a password.
func (m *MQTT) Add(flags *pflag.FlagSet) {
	flags.StringVar(&m.URL, "mqtt", "", "publish to this MQTT `broker`, as mqtt://host or mqtts://user@host:8883")
	config.MarkAddress(flags, "mqtt")
	flags.StringVar(&m.User, "mqtt-user", "", "`name` that the broker knows")
	flags.StringVar(&m.PasswordFile, "mqtt-password-file", "", "`file` with the password for the broker; or set "+MQTTPasswordVariable)
	flags.StringVar(&m.Name, "mqtt-name", "", "`name` of this camera in topics and in Home Assistant (default the host's)")
	flags.StringVar(&m.Prefix, "mqtt-prefix", mqtt.DefaultPrefix, "first `levels` of all topics")
	flags.StringVar(&m.Discovery, "mqtt-discovery", homeassistant.DefaultPrefix, "`prefix` under which Home Assistant discovers devices, or off")
	flags.StringVar(&m.CA, "mqtt-ca", "", "`file` with the certificate authority of an mqtts broker, instead of the system's")
	flags.StringVar(&m.Cert, "mqtt-cert", "", "`file` with this client's certificate, if the broker wants one")
	flags.StringVar(&m.Key, "mqtt-key", "", "`file` with the key of --mqtt-cert")
	config.MarkSecretFile(flags, "mqtt-password-file", MQTTPasswordVariable)
	config.MarkPath(flags, "mqtt-ca", "mqtt-cert", "mqtt-key")
	flags.BoolVar(&m.Snapshots, "mqtt-snapshot", false, "publish a picture of what appeared")
}

// Wanted reports whether to publish at all.
func (m *MQTT) Wanted() bool { return m.URL != "" }

// Config returns the configuration that the flags say. The password comes from the
// file, else from the environment, else from the address. If the configuration file
// names the file, the environment wins: see config.MarkSecretFile.
func (m *MQTT) Config() (mqtt.Config, error) {
	if !m.Wanted() {
		if m.User != "" || m.PasswordFile != "" || m.Name != "" || m.CA != "" || m.Cert != "" || m.Key != "" || m.Snapshots {
			return mqtt.Config{}, errors.New("the flags --mqtt-… need --mqtt, the address of a broker")
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

// secret reads a secret from the first line of a file or, without one, from an
// environment variable. It may be empty.
func secret(file, variable string) (string, error) {
	if file == "" {
		return os.Getenv(variable), nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(data), "\n")
	line = strings.TrimSuffix(line, "\r")
	if line == "" {
		return "", fmt.Errorf("the first line of %s is empty", file)
	}
	return line, nil
}
