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

	"halfmeg/cmd/edge/internal/text"
	"halfmeg/internal/printable"
)

const (
	// packetTimeout is the time limit for connecting and for each acknowledgment.
	packetTimeout = 10 * time.Second

	// keepAlive is the maximum time between two packets of the client, in seconds. The
	// broker publishes the last will after 1.5 times that without a packet.
	keepAlive = 30

	// maxReceived limits a packet from the broker, in bytes. The largest is this device's
	// own discovery message.
	maxReceived = 256 << 10

	// qos is the QoS of all messages: at least once.
	qos = 1
)

// The delays before the next attempt to connect.
const (
	minDelay = time.Second
	maxDelay = time.Minute

	// refusedDelay applies when the broker rejects the password. Brokers block clients
	// that retry often.
	refusedDelay = 2 * time.Minute

	// stableTime is how long a connection must last to reset the backoff.
	stableTime = 10 * time.Second
)

// client maintains a connection to the broker and publishes the outbox.
type client struct {
	broker        *broker
	id            string
	availability  string   // topic
	subscriptions []string // topics
	out           *outbox
	received      func(p *paho.Publish)
	report        func(error)
	log           func(string)

	// What has been reported. Only run uses it.
	outageReported  bool
	refusalReported bool            // that the broker refuses this client
	refusedTopics   map[string]bool // that the broker refuses a topic
}

// errRefused matches errors that another attempt does not fix.
var errRefused = errors.New("refused")

// run publishes until the outbox is closed and empty, or the context ends. It reconnects
// until closing is closed, and then makes one last attempt.
func (c *client) run(ctx context.Context, closing <-chan struct{}) {
	c.refusedTopics = map[string]bool{}
	delays := newBackOff()
	for last := false; ; {
		start := time.Now()
		err := c.serve(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		c.reportOutage(err)
		if time.Since(start) > stableTime {
			delays.Reset()
		}
		if last {
			return
		}
		last = wait(ctx, closing, nextDelay(delays, err))
	}
}

// wait waits for d, the end of the context or the close of closing. It reports whether
// closing was closed.
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

// newBackOff returns delays that double. They vary by a quarter, so that the clients of
// a restarted broker do not all reconnect at the same time.
func newBackOff() *backoff.ExponentialBackOff {
	return &backoff.ExponentialBackOff{InitialInterval: minDelay, RandomizationFactor: 0.25, Multiplier: 2, MaxInterval: maxDelay}
}

// nextDelay returns how long to wait after an error.
func nextDelay(delays *backoff.ExponentialBackOff, err error) time.Duration {
	if errors.Is(err, errRefused) {
		return refusedDelay
	}
	return delays.NextBackOff()
}

// reportOutage reports the first error of an outage, and the first refusal.
func (c *client) reportOutage(err error) {
	refused := errors.Is(err, errRefused)
	if c.outageReported && (!refused || c.refusalReported) {
		return
	}
	c.outageReported, c.refusalReported = true, refused
	next := "events are queued until it is reachable"
	if refused {
		next = fmt.Sprintf("retrying every %.0f minutes", refusedDelay.Minutes())
	}
	c.report(fmt.Errorf("MQTT broker %s: %w; %s", c.broker.address, err, next))
}

func (c *client) reportConnected() {
	if c.outageReported {
		c.log(fmt.Sprintf("MQTT broker %s: connected", c.broker.address))
	}
	c.outageReported, c.refusalReported = false, false
	if dropped := c.out.takeDropped(); dropped > 0 {
		c.report(fmt.Errorf("MQTT broker %s: it was unreachable for too long; dropped %s, the oldest first", c.broker.address, text.Count(dropped, "event")))
	}
}

// serve connects once and publishes until the connection is lost. It returns nil after
// the last message of a closed outbox.
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
	err = c.publishAll(untilDone(ctx, session), session, ack, lost)
	// After an error no DISCONNECT was sent, so the broker publishes the last will.
	_ = conn.Close() // it may be closed already
	<-session.Done()
	return err
}

// untilDone returns a context that also ends with the session. Calls that wait for an
// acknowledgment do not notice the end of the session themselves.
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
	conn, err := b.resolver.DialContext(ctx, "tcp", b.address)
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
		// The outbox replaces the broker's session: it publishes again what the broker has
		// not acknowledged, even if the broker has lost its sessions.
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

// connectError explains why connecting failed. Ack is nil if the broker did not
// respond.
func connectError(ack *paho.Connack, err error) error {
	var network *net.OpError // such as a TLS alert
	switch {
	case ack == nil && errors.As(err, &network):
		return err
	case ack == nil:
		return fmt.Errorf("no valid MQTT 5 response (Mosquitto supports MQTT 5 since 1.6): %w", err)
	}
	switch ack.ReasonCode {
	case packets.ConnackUnsupportedProtocolVersion:
		return fmt.Errorf("it does not support MQTT 5; Mosquitto does since 1.6 (%w)", errRefused)
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
	return fmt.Errorf("it closed the connection, reason %#x%s", d.ReasonCode, reason)
}

// publishAll subscribes, then publishes the outbox until it is closed and empty or the
// session ends.
func (c *client) publishAll(ctx context.Context, session *paho.Client, ack *paho.Connack, lost <-chan error) error {
	for _, topic := range c.subscriptions {
		ack, err := session.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: topic, QoS: qos, NoLocal: true}}})
		if err != nil && ack == nil {
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
			return c.disconnect(ctx, session, ack)
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

// publish publishes a message. A message that the broker rejects is reported, once for
// each topic, and dropped; that is not an error.
func (c *client) publish(ctx context.Context, session *paho.Client, ack *paho.Connack, m message) error {
	const overhead = 64 // of a PUBLISH packet, at most
	if p := ack.Properties; p != nil && p.MaximumPacketSize != nil && uint64(overhead+len(m.topic)+len(m.payload)) > uint64(*p.MaximumPacketSize) {
		c.reportRefused(m.topic, fmt.Sprintf("accepts at most %d bytes per packet, too few for a message on", *p.MaximumPacketSize))
		return nil
	}
	response, err := session.Publish(ctx, &paho.Publish{Topic: m.topic, Payload: m.payload, QoS: qos, Retain: m.retain})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, paho.ErrInvalidArguments):
		c.reportRefused(m.topic, "does not support retained messages or QoS 1, which are needed for")
		return nil
	case response != nil && response.ReasonCode >= 0x80:
		c.reportRefused(m.topic, fmt.Sprintf("does not let this client publish (reason %#x) on", response.ReasonCode))
		return nil
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("no response within %v", packetTimeout)
	}
	return errors.New("connection lost")
}

func (c *client) reportRefused(topic, what string) {
	if !c.refusedTopics[topic] {
		c.refusedTopics[topic] = true
		c.report(fmt.Errorf("MQTT broker %s %s %s", c.broker.address, what, topic))
	}
}

// disconnect publishes that edge is offline and disconnects. After a DISCONNECT the
// broker does not publish the last will.
func (c *client) disconnect(ctx context.Context, session *paho.Client, ack *paho.Connack) error {
	if err := c.publish(ctx, session, ack, message{topic: c.availability, payload: offline, retain: true}); err != nil {
		return err
	}
	// If this fails, the last will publishes the same payload.
	_ = session.Disconnect(&paho.Disconnect{})
	return nil
}
