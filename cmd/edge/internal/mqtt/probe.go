package mqtt

import (
	"context"
	"crypto/rand"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
)

// Probe connects to the broker and disconnects, with the address, user, password and
// certificates of a configuration. It publishes nothing. It returns the broker's host and
// port, empty if the configuration is invalid.
func Probe(ctx context.Context, c Config) (address string, err error) {
	b, err := newBroker(c)
	if err != nil {
		return "", err
	}
	conn, err := b.dial(ctx)
	if err != nil {
		return b.address, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	session := paho.NewClient(paho.ClientConfig{Conn: packets.NewThreadSafeConn(conn), PacketTimeout: packetTimeout})
	probe := client{broker: b, id: "halfmeg-" + rand.Text()[:14]}
	packet := probe.connectPacket()
	packet.WillMessage = nil // the topic belongs to the edge that runs
	ack, err := session.Connect(ctx, packet)
	if err != nil {
		return b.address, connectError(ack, err)
	}
	return b.address, session.Disconnect(&paho.Disconnect{})
}
