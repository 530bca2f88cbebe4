package mqtt

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/require"
)

// waitTimeout limits how long tests wait for a condition.
const waitTimeout = 20 * time.Second

// mosquitto is a Mosquitto broker on a separate port.
type mosquitto struct {
	program string
	config  string // path of the file
	port    string
	log     logBuffer
	command *exec.Cmd
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newMosquitto returns a broker that is not started. It is configured with these lines,
// in which %d stands for the configuration's folder.
func newMosquitto(t *testing.T, lines ...string) *mosquitto {
	t.Helper()
	m := &mosquitto{}
	for _, name := range []string{"mosquitto", "/usr/sbin/mosquitto"} {
		if path, err := exec.LookPath(name); err == nil {
			m.program = path
			break
		}
	}
	if m.program == "" {
		t.Skip("LEFT OUT: MQTT with a real broker: needs mosquitto; make deps installs it")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	_, m.port, err = net.SplitHostPort(listener.Addr().String())
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	m.config = filepath.Join(t.TempDir(), "mosquitto.conf")
	// Started as root, Mosquitto would switch to a user who cannot read the test's files.
	config := "user root\nlog_type all\nlistener " + m.port + " 127.0.0.1\n" + strings.Join(lines, "\n") + "\n"
	config = strings.ReplaceAll(config, "%d", filepath.Dir(m.config))
	require.NoError(t, os.WriteFile(m.config, []byte(config), 0o600))
	t.Cleanup(func() {
		m.stop(t)
		if t.Failed() {
			t.Log(m.log.String())
		}
	})
	return m
}

const anonymous = "allow_anonymous true"

// persistent configures a broker that keeps sessions in a restart.
var persistent = []string{anonymous, "persistence true", "persistence_location %d/", "max_queued_messages 0"}

func (m *mosquitto) start(t *testing.T) {
	t.Helper()
	m.command = exec.Command(m.program, "-c", m.config)
	m.command.Stdout, m.command.Stderr = &m.log, &m.log
	require.NoError(t, m.command.Start())
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", m.address())
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}, waitTimeout, 10*time.Millisecond, "mosquitto does not start: %s", &m.log)
}

// stop terminates the broker.
func (m *mosquitto) stop(t *testing.T) {
	t.Helper()
	if m.command == nil {
		return
	}
	require.NoError(t, m.command.Process.Signal(os.Interrupt))
	_ = m.command.Wait() // the exit status does not matter
	m.command = nil
}

func (m *mosquitto) address() string { return "127.0.0.1:" + m.port }

func (m *mosquitto) url() string { return "mqtt://" + m.address() }

// observer is another client of the broker.
type observer struct {
	client   *paho.Client
	mu       sync.Mutex
	received []paho.Publish
}

// observe connects a client that subscribes to topics. If session is not empty, the
// broker keeps the client's messages while it is disconnected.
func observe(t *testing.T, m *mosquitto, session string, topics ...string) *observer {
	t.Helper()
	o := &observer{}
	conn, err := net.Dial("tcp", m.address())
	require.NoError(t, err)
	o.client = paho.NewClient(paho.ClientConfig{
		Conn: packets.NewThreadSafeConn(conn),
		OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.received = append(o.received, *p.Packet)
			return true, nil
		}},
	})
	connect := &paho.Connect{ClientID: session, CleanStart: session == "", KeepAlive: 30}
	if session != "" {
		expiry := uint32(3600)
		connect.Properties = &paho.ConnectProperties{SessionExpiryInterval: &expiry}
	}
	_, err = o.client.Connect(context.Background(), connect)
	require.NoError(t, err)
	for _, topic := range topics {
		_, err = o.client.Subscribe(context.Background(), &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: topic, QoS: 1}}})
		require.NoError(t, err)
	}
	t.Cleanup(func() { _ = o.client.Disconnect(&paho.Disconnect{}) }) // the broker may have stopped
	return o
}

func (o *observer) publish(t *testing.T, topic, payload string, retain bool) {
	t.Helper()
	_, err := o.client.Publish(context.Background(), &paho.Publish{Topic: topic, Payload: []byte(payload), QoS: 1, Retain: retain})
	require.NoError(t, err)
}

// all returns all messages.
func (o *observer) all() []paho.Publish {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.received)
}

// payloads returns the payloads on a topic.
func (o *observer) payloads(topic string) []string {
	var list []string
	for _, p := range o.all() {
		if p.Topic == topic {
			list = append(list, string(p.Payload))
		}
	}
	return list
}

// last returns the last payload on a topic.
func (o *observer) last(topic string) string {
	list := o.payloads(topic)
	if len(list) == 0 {
		return "no message"
	}
	return list[len(list)-1]
}

// waitFor waits until the last payload on a topic is want.
func (o *observer) waitFor(t *testing.T, topic, want string) {
	t.Helper()
	require.Eventually(t, func() bool { return o.last(topic) == want }, waitTimeout, 10*time.Millisecond, "%s: want %q", topic, want)
}

// waitForPicture waits for a snapshot.
func (o *observer) waitForPicture(t *testing.T) {
	t.Helper()
	require.Eventually(t, func() bool { return strings.HasPrefix(o.last("halfmeg/door/snapshot"), "\xff\xd8") }, waitTimeout, 10*time.Millisecond)
}

// reports records what a sink reports and logs.
type reports struct {
	mu   sync.Mutex
	list []string
}

func (r *reports) report(err error) { r.log(err.Error()) }

func (r *reports) log(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, text)
}

func (r *reports) all() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.list...)
}

// newSink starts a sink. It is closed at the end of the test, unless the test does.
func newSink(t *testing.T, c Config) (*Sink, *reports) {
	t.Helper()
	var r reports
	c.Report, c.Log = r.report, r.log
	if c.Name == "" {
		c.Name = "door"
	}
	s, err := New(c)
	require.NoError(t, err)
	t.Cleanup(func() {
		select {
		case <-s.closing:
		default:
			require.NoError(t, s.Close())
		}
		if t.Failed() {
			t.Log(strings.Join(r.all(), "\n"))
		}
	})
	return s, &r
}

// sinkVariable makes the test program run a sink, so that a test can kill it.
const sinkVariable = "HALFMEG_TEST_MQTT"

func TestMain(m *testing.M) {
	if url := os.Getenv(sinkVariable); url != "" {
		if _, err := New(Config{URL: url, Name: "door"}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		select {} // until killed
	}
	os.Exit(m.Run())
}
