package mqtt

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/homeassistant"
	"halfmeg/cmd/edge/internal/mqtt/topic"
	"halfmeg/cmd/edge/internal/pihealth"
	"halfmeg/internal/localname"
)

// Config says where and what to publish. Its zero value lacks only URL.
type Config struct {
	// URL is mqtt://host or mqtts://host, with a port if it is not 1883 or 8883. A
	// name and password in it count where User and Password are empty.
	URL            string
	User, Password string

	CAFile            string // PEM; instead of the system's certificate authorities
	CertFile, KeyFile string // PEM; this client's certificate, if the broker wants one

	Prefix string // of all topics, "halfmeg" if empty; may have several levels
	Name   string // of this edge, for people; the host's if empty

	Discovery string // Home Assistant's prefix for discovery; empty for no discovery

	Sensors   []Sensor // what has a topic of its own, ON or OFF
	Snapshots bool     // publish pictures of what appeared
	Version   string   // of edge

	// Health reads the state of the board; nil for none.
	Health func() pihealth.State

	// Report is told what is wrong, each problem once, and Log that it is right again.
	// Both may be nil, and are called from any goroutine.
	Report func(error)
	Log    func(string)
}

// Sensor is a group or a set of classes that is seen or not.
type Sensor struct {
	Name    string
	Group   bool  // a group of the Decider, found by its name
	Classes []int // otherwise: any of these classes
}

// Sensors returns what a Decider of this configuration may see, as far as it was
// chosen: its groups and what it allows. Without a choice there are none, for nobody
// wants a thousand.
func Sensors(labels []string, c decision.Config) ([]Sensor, error) {
	var list []Sensor
	add := func(s Sensor) {
		// The same classes may be chosen by two names. Different ones may have the same
		// name, as the two cranes do; their topics get a number each.
		same := func(other Sensor) bool {
			return strings.EqualFold(other.Name, s.Name) && slices.Equal(other.Classes, s.Classes)
		}
		if !slices.ContainsFunc(list, same) {
			list = append(list, s)
		}
	}
	for _, g := range c.Groups {
		add(Sensor{Name: g.Name, Group: true})
	}
	for _, name := range c.Allow {
		isGroup := func(s Sensor) bool { return s.Group && strings.EqualFold(s.Name, strings.TrimSpace(name)) }
		if slices.ContainsFunc(list, isGroup) {
			continue
		}
		if c.Catalog != nil {
			if classes, ok := c.Catalog.Find(name); ok {
				add(Sensor{Name: name, Classes: classes})
				continue
			}
		}
		classes, err := decision.FindClasses(labels, name)
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(name, "#") {
			name = decision.ClassName(labels, classes[0])
		}
		add(Sensor{Name: name, Classes: classes})
	}
	return list, nil
}

// The defaults of Config.
const (
	DefaultPrefix = "halfmeg"
	plainPort     = "1883"
	tlsPort       = "8883"
)

// broker is where a client connects.
type broker struct {
	address        string // host:port
	user, password string
	tls            *tls.Config // nil for a connection in the clear
	names          localname.Resolver
}

// errURL does not repeat the address, for it may have a password.
var errURL = errors.New("the broker's address must be mqtt://host, mqtt://host:port or mqtts://host for TLS")

// newBroker checks the part of a configuration that is about the connection.
func newBroker(c Config) (*broker, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errURL
	}
	password, _ := u.User.Password()
	b := &broker{names: localname.Default, user: cmp.Or(c.User, u.User.Username()), password: cmp.Or(c.Password, password)}
	port := plainPort
	switch u.Scheme {
	case "mqtt":
		if c.CAFile != "" || c.CertFile != "" {
			return nil, errors.New("certificates are for mqtts://, and the broker's address starts with mqtt://")
		}
	case "mqtts":
		port = tlsPort
		if b.tls, err = newTLS(c, u.Hostname()); err != nil {
			return nil, err
		}
	default:
		return nil, errURL
	}
	b.address = net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port))
	if b.password != "" && b.user == "" {
		return nil, errors.New("there is a password for the broker and no user")
	}
	return b, nil
}

func newTLS(c Config, host string) (*tls.Config, error) {
	t := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		pem, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("the certificate authority of the broker: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: there is no certificate in PEM form in it", c.CAFile)
		}
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		return nil, errors.New("a client certificate needs both its file and that of its key")
	}
	if c.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("the client certificate for the broker: %w", err)
		}
		t.Certificates = []tls.Certificate{cert}
	}
	return t, nil
}

// topics are where an edge publishes.
type topics struct {
	id       string // of the device
	base     string
	instance string
	homeassistant.Topics
}

// snapshotLevel is the last level of the topic for pictures.
const snapshotLevel = "/snapshot"

// seen is the topic of a sensor.
func (t *topics) seen(level string) string { return t.base + "/seen/" + level }

// prefixForm is what a prefix may be: no wildcard, no empty level, no $SYS.
var prefixForm = regexp.MustCompile(`^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$`)

// newTopics names the topics of an edge.
func newTopics(prefix, name string) (topics, error) {
	if !prefixForm.MatchString(prefix) {
		return topics{}, fmt.Errorf("the prefix of MQTT topics, %q, may have only a-z, A-Z, 0-9, -, _ and / between levels", prefix)
	}
	level := topic.Level(name)
	base := prefix + "/" + level
	return topics{
		id:       topic.Level(prefix) + "_" + level,
		base:     base,
		instance: base + "/instance",
		Topics: homeassistant.Topics{
			Availability: base + "/availability",
			Camera:       base + "/camera",
			State:        base + "/state",
			Events:       base + "/events",
			Snapshot:     base + snapshotLevel,
			Diagnostics:  base + "/diagnostics",
		},
	}, nil
}
