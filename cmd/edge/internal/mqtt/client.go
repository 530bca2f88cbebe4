package mqtt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"

	"halfmeg/internal/printable"
)

const (
	// packetTimeout is how long the broker may take to answer a packet.
	packetTimeout = 10 * time.Second

	// keepAlive is after how many seconds without a packet the broker and the client
	// test their connection. The last will is published after one and a half of it.
	keepAlive = 30

	// maxReceived bounds a packet from the broker, in bytes. The longest is this
	// device's own discovery message.
	maxReceived = 256 << 10

	// qos is that of all messages: at least once.
	qos = 1
)

// The waits before a new attempt to connect.
const (
	firstWait   = time.Second
	longestWait = time.Minute
	// refusedWait is for a wrong password: it does not become right by itself, and
	// brokers block clients that guess.
	refusedWait = 2 * time.Minute
	// settled is how long a connection must last to count as a success.
	settled = 10 * time.Second
)

// client keeps a connection to the broker and publishes what is in the outbox.
type client struct {
	broker        *broker
	id            string
	availability  string   // topic
	subscriptions []string // topics
	out           *outbox
	received      func(p *paho.Publish)
	report        func(error)
	log           func(string)

	// What was told. Only run uses it.
	away    bool            // that the broker is not connected
	denied  bool            // that it refuses this client
	refused map[string]bool // that it refuses a topic
}

// errRefused is matched by errors that a new attempt does not mend.
var errRefused = errors.New("refused")

// run publishes until the outbox is finished or the context ends. It waits for the
// broker as long as closing is open, and tries once more when it is closed.
func (c *client) run(ctx context.Context, closing <-chan struct{}) {
	c.refused = map[string]bool{}
	waits := newWaits()
	for last := false; ; {
		start := time.Now()
		err := c.serve(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		c.reportAway(err)
		if time.Since(start) > settled {
			waits.Reset()
		}
		if last {
			return
		}
		last = wait(ctx, closing, next(waits, err))
	}
}

// wait waits until the context ends, or closing is closed, which it reports.
func wait(ctx context.Context, closing <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-closing:
		return true
	}
	return false
}

// newWaits returns waits that double, give or take a quarter, so that the clients of a
// broker that was restarted do not come all at once.
func newWaits() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{InitialInterval: firstWait, RandomizationFactor: 0.25, Multiplier: 2, MaxInterval: longestWait}
}

// next is how long to wait after an error.
func next(waits *backoff.ExponentialBackOff, err error) time.Duration {
	if errors.Is(err, errRefused) {
		return refusedWait
	}
	return waits.NextBackOff()
}

// reportAway tells the first error of an outage, and a refusal.
func (c *client) reportAway(err error) {
	denied := errors.Is(err, errRefused)
	if c.away && (!denied || c.denied) {
		return
	}
	c.away, c.denied = true, denied
	next := "events are kept until it is there"
	if denied {
		next = "next attempt in minutes"
	}
	c.report(fmt.Errorf("MQTT broker %s: %w; %s", c.broker.address, err, next))
}

func (c *client) reportConnected() {
	if c.away {
		c.log(fmt.Sprintf("MQTT broker %s: connected", c.broker.address))
	}
	c.away, c.denied = false, false
	if lost := c.out.takeLost(); lost > 0 {
		c.report(fmt.Errorf("MQTT broker %s: it was away for too long, and the oldest %d events are lost", c.broker.address, lost))
	}
}

// serve connects once and publishes until the connection is lost. It returns nil when
// everything is published and nothing will come.
func (c *client) serve(ctx context.Context) error {
	conn, err := c.broker.dial(ctx)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	lost := make(chan error, 1)
	lose := func(err error) {
		select {
		case lost <- err:
		default:
		}
	}
	session := paho.NewClient(paho.ClientConfig{
		Conn:               packets.NewThreadSafeConn(conn),
		PacketTimeout:      packetTimeout,
		OnServerDisconnect: func(d *paho.Disconnect) { lose(disconnected(d)) },
		OnClientError:      func(err error) { lose(fmt.Errorf("connection lost: %w", err)) },
		OnPublishReceived: []func(paho.PublishReceived) (bool, error){
			func(p paho.PublishReceived) (bool, error) {
				c.received(p.Packet)
				return true, nil
			},
		},
	})
	ack, err := session.Connect(ctx, c.connectPacket())
	if err != nil {
		return connectError(ack, err) // the connection is closed
	}
	err = c.exchange(untilDone(ctx, session), session, ack, lost)
	// Without a DISCONNECT packet the broker publishes the last will.
	_ = conn.Close() // it may be closed already
	<-session.Done()
	return err
}

// untilDone returns a context that ends with the session too. A call that waits for
// an acknowledgment does not notice the end by itself.
func untilDone(ctx context.Context, session *paho.Client) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		<-session.Done()
		cancel()
	}()
	return ctx
}

func (b *broker) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, packetTimeout)
	defer cancel()
	conn, err := b.names.DialContext(ctx, "tcp", b.address)
	if err != nil || b.tls == nil {
		return conn, err
	}
	secured := tls.Client(conn, b.tls)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close() // the handshake's error says what is wrong
		return nil, err
	}
	return secured, nil
}

func (c *client) connectPacket() *paho.Connect {
	receiveMaximum, packetSize := uint16(16), uint32(maxReceived)
	return &paho.Connect{
		ClientID: c.id,
		// The outbox is the session: what the broker has not acknowledged is published
		// again, also to a broker that forgot its sessions.
		CleanStart:   true,
		KeepAlive:    keepAlive,
		Username:     c.broker.user,
		UsernameFlag: c.broker.user != "",
		Password:     []byte(c.broker.password),
		PasswordFlag: c.broker.password != "",
		WillMessage:  &paho.WillMessage{Topic: c.availability, Payload: offline, QoS: qos, Retain: true},
		Properties:   &paho.ConnectProperties{ReceiveMaximum: &receiveMaximum, MaximumPacketSize: &packetSize, RequestProblemInfo: true},
	}
}

// connectError explains why there is no connection. The broker's answer may be nil.
func connectError(ack *paho.Connack, err error) error {
	var network *net.OpError // such as a TLS alert
	switch {
	case ack == nil && errors.As(err, &network):
		return err
	case ack == nil:
		return fmt.Errorf("no answer as MQTT 5 has it, which Mosquitto knows since 1.6: %w", err)
	}
	switch ack.ReasonCode {
	case packets.ConnackUnsupportedProtocolVersion:
		return fmt.Errorf("it does not know MQTT 5, as Mosquitto does since 1.6 (%w)", errRefused)
	case packets.ConnackBadUsernameOrPassword, packets.ConnackNotAuthorized:
		return fmt.Errorf("it rejects the user or the password: check --mqtt-user and --mqtt-password-file (%w)", errRefused)
	case packets.ConnackBanned, packets.ConnackBadAuthenticationMethod:
		return fmt.Errorf("it rejects this client, reason %#x (%w)", ack.ReasonCode, errRefused)
	}
	return fmt.Errorf("it rejects the connection, reason %#x", ack.ReasonCode)
}

func disconnected(d *paho.Disconnect) error {
	reason := ""
	if d.Properties != nil && d.Properties.ReasonString != "" {
		reason = ", " + printable.Text(d.Properties.ReasonString)
	}
	return fmt.Errorf("it ended the connection, reason %#x%s", d.ReasonCode, reason)
}

// exchange subscribes and publishes.
func (c *client) exchange(ctx context.Context, session *paho.Client, ack *paho.Connack, lost <-chan error) error {
	for _, topic := range c.subscriptions {
		answer, err := session.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: topic, QoS: qos, NoLocal: true}}})
		if err != nil && answer == nil {
			return fmt.Errorf("subscribe to %s: %w", topic, err)
		}
		if err != nil {
			c.reportRefused(topic, "does not let this client subscribe to")
		}
	}
	c.reportConnected()
	c.out.republish()
	for {
		m, ok, finished := c.out.next()
		switch {
		case ok:
			if err := c.publish(ctx, session, ack, m); err != nil {
				return err
			}
			c.out.done(m)
		case finished:
			return c.end(ctx, session, ack)
		default:
			select {
			case <-c.out.changed:
			case err := <-lost:
				return err
			case <-session.Done():
				return errors.New("connection lost")
			}
		}
	}
}

// publish returns nil also when the broker will never take the message, which is
// reported once for each topic.
func (c *client) publish(ctx context.Context, session *paho.Client, ack *paho.Connack, m message) error {
	const overhead = 64 // of a PUBLISH packet, at most
	if p := ack.Properties; p != nil && p.MaximumPacketSize != nil && uint64(overhead+len(m.topic)+len(m.payload)) > uint64(*p.MaximumPacketSize) {
		c.reportRefused(m.topic, fmt.Sprintf("takes at most %d bytes, less than a message on", *p.MaximumPacketSize))
		return nil
	}
	answer, err := session.Publish(ctx, &paho.Publish{Topic: m.topic, Payload: m.payload, QoS: qos, Retain: m.retain})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, paho.ErrInvalidArguments):
		c.reportRefused(m.topic, "has no retained messages or no QoS 1, which are needed for")
		return nil
	case answer != nil && answer.ReasonCode >= 0x80:
		c.reportRefused(m.topic, fmt.Sprintf("does not let this client publish (reason %#x) on", answer.ReasonCode))
		return nil
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no answer within %v", packetTimeout)
	}
	return errors.New("connection lost")
}

func (c *client) reportRefused(topic, what string) {
	if !c.refused[topic] {
		c.refused[topic] = true
		c.report(fmt.Errorf("MQTT broker %s %s %s", c.broker.address, what, topic))
	}
}

// end says farewell. The broker does not publish the last will of a client that does.
func (c *client) end(ctx context.Context, session *paho.Client, ack *paho.Connack) error {
	if err := c.publish(ctx, session, ack, message{topic: c.availability, payload: offline, retain: true}); err != nil {
		return err
	}
	// The result does not matter: the broker would publish the same.
	_ = session.Disconnect(&paho.Disconnect{})
	return nil
}
