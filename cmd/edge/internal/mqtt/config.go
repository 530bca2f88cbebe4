package mqtt

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/homeassistant"
	"halfmeg/cmd/edge/internal/mqtt/topic"
	"halfmeg/cmd/edge/internal/pihealth"
	"halfmeg/cmd/edge/internal/readfile"
	"halfmeg/internal/lazyregexp"
	"halfmeg/internal/localname"
)

// Config says where and what to publish. Only URL is required.
type Config struct {
	// URL is mqtt://host or mqtts://host. The default ports are 1883 and 8883. User and
	// Password take precedence over those in the URL.
	URL            string
	User, Password string

	CAFile            string // PEM; instead of the system's certificate authorities
	CertFile, KeyFile string // PEM; this client's certificate, if the broker requires one

	Prefix string // of all topics, of one or more levels; "halfmeg" if empty
	Name   string // of this edge, for people; the host name if empty
	Camera string // added to the name, if edge has several cameras

	Discovery string // Home Assistant's discovery prefix; empty for no discovery

	Sensors   []Sensor // each has a topic, ON or OFF
	Snapshots bool     // publish a picture when something appears
	Version   string   // of edge

	// Health returns the state of the board. It may be nil.
	Health func() pihealth.State

	// Report is called once for each problem, and Log when a problem is over. Both may be
	// nil. Calls to each are serialized, but come from different goroutines.
	Report func(error)
	Log    func(string)
}

// Sensor is a group or a set of classes whose presence is published.
type Sensor struct {
	Name    string
	Group   bool  // whether it is the Decider's group of this name
	Classes []int // otherwise, any of these classes
}

// Sensors returns a sensor for each group and each allowed class of a Decider's
// configuration. If all classes are allowed there are sensors for groups only, not for
// a thousand classes.
func Sensors(labels []string, c decision.Config) ([]Sensor, error) {
	var list []Sensor
	add := func(s Sensor) {
		// Different classes may have the same name, such as the two cranes. Then package
		// topic adds numbers to their topics.
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

// DefaultPrefix is the default of Config.Prefix.
const DefaultPrefix = "halfmeg"

// The default ports.
const (
	plainPort = "1883"
	tlsPort   = "8883"
)

// broker holds the parameters of a connection.
type broker struct {
	address        string // host:port
	user, password string
	tls            *tls.Config // nil for an unencrypted connection
	resolver       localname.Resolver
}

// errURL does not quote the address, which may contain a password.
var errURL = errors.New("the broker's address must be mqtt://host, mqtt://host:port or mqtts://host for TLS")

// newBroker validates the connection's part of a configuration.
func newBroker(c Config) (*broker, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, errURL
	}
	password, _ := u.User.Password()
	b := &broker{resolver: localname.Default, user: cmp.Or(c.User, u.User.Username()), password: cmp.Or(c.Password, password)}
	port := plainPort
	switch u.Scheme {
	case "mqtt":
		if c.CAFile != "" || c.CertFile != "" {
			return nil, errors.New("certificates need mqtts://, but the broker's address starts with mqtt://")
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
		return nil, errors.New("the broker's password is set, but its user is not")
	}
	return b, nil
}

// maxCertificates bounds the file of certificate authorities, in bytes: four times the
// system's.
const maxCertificates = 1 << 20

func newTLS(c Config, host string) (*tls.Config, error) {
	t := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		pem, err := readfile.Bounded(c.CAFile, maxCertificates)
		if err != nil {
			return nil, fmt.Errorf("the broker's certificate authority: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: it contains no certificate in PEM format", c.CAFile)
		}
	}
	if (c.CertFile == "") != (c.KeyFile == "") {
		return nil, errors.New("a client certificate needs both a certificate file and a key file")
	}
	if c.CertFile != "" {
		cert, err := tls.LoadX509KeyPair(c.CertFile, c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("the client certificate: %w", err)
		}
		t.Certificates = []tls.Certificate{cert}
	}
	return t, nil
}

// topics are the topics of an edge.
type topics struct {
	id       string // of the device
	base     string
	instance string
	homeassistant.Topics
}

// snapshotLevel is the last level of the topic of pictures.
const snapshotLevel = "/snapshot"

// seen returns the topic of a sensor.
func (t *topics) seen(level string) string { return t.base + "/seen/" + level }

// prefixPattern matches valid prefixes: no wildcards, no empty levels, no $SYS.
var prefixPattern = lazyregexp.New(`^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$`)

// newTopics returns the topics of an edge.
func newTopics(prefix, name string) (topics, error) {
	if !prefixPattern().MatchString(prefix) {
		return topics{}, fmt.Errorf("the MQTT topic prefix %q: allowed are a-z, A-Z, 0-9, -, _ and / between levels", prefix)
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
