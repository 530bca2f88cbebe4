// Package mqtt is a sink that publishes what a camera shows to an MQTT broker, with a
// discovery message for Home Assistant.
//
// # Topics
//
// All topics start with PREFIX/NAME, by default halfmeg/ and the host name. Levels made
// from names contain only a-z, 0-9, - and _. All messages have QoS 1, and all but events
// are retained:
//
//	availability  online or offline: whether edge runs; also the last will
//	camera        online or offline: whether frames arrive
//	state         JSON: the best answer, when it changes, at most once a second
//	seen/SENSOR   ON or OFF, for each Sensor
//	events        JSON of decision.Event, one per message
//	snapshot      JPEG of what appeared last, with Config.Snapshots
//	diagnostics   JSON: the state of the board, and the frame rate
//	instance      JSON: identifies the run of edge that publishes here
//
// The sink subscribes to Home Assistant's status, to the device's own discovery message,
// and to the instance topic, where it detects another edge of the same name.
//
// # Delivery
//
// While the broker is unreachable, events are queued in bounded memory. One message at a
// time is in flight; the next is sent when the broker has acknowledged it. So events
// arrive in order. An event arrives twice only if the connection is lost before its
// acknowledgment, which QoS 1 allows. Retained values are published again after each
// connection, because a broker without persistence loses them in a restart.
//
// # Client
//
// The protocol is implemented by github.com/eclipse/paho.golang/paho, which adds 192 KiB
// to edge for arm64. Its reconnecting variant autopaho and the older paho.mqtt.golang add
// 448 KiB each. They link a websocket client and their own queues, which this package
// could not use: a new retained value must replace the queued one. TLS, authentication,
// last will and acknowledgments are the same in all three. The disadvantage is that the
// broker must support MQTT 5, as Mosquitto does since 1.6.
package mqtt

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/eclipse/paho.golang/paho"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/homeassistant"
	"halfmeg/cmd/edge/internal/mqtt/topic"
	"halfmeg/cmd/edge/internal/pihealth"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/cmd/edge/internal/snapshot"
	"halfmeg/cmd/edge/internal/text"
)

const (
	// stateInterval is the minimum time between two states.
	stateInterval = time.Second

	// diagnosticsInterval is the time between two diagnostics.
	diagnosticsInterval = 30 * time.Second

	// closeTimeout limits how long Close waits for the broker.
	closeTimeout = 3 * time.Second
)

var (
	online  = []byte(homeassistant.Online)
	offline = []byte(homeassistant.Offline)
	on      = []byte(homeassistant.On)
	off     = []byte(homeassistant.Off)
)

// Sink publishes observations. None of its methods but Close waits for the broker.
type Sink struct {
	topics    topics
	sensors   []*sensor
	device    homeassistant.Device
	discovery string // Home Assistant's discovery prefix; empty for no discovery
	snapshots bool
	health    func() pihealth.State
	report    func(error)

	out      *outbox
	states   limiter
	namesake *namesake

	lastState    state        // the last one published; only Observe uses it
	hasState     bool         // whether lastState is set
	snapshotSent atomic.Bool  // whether a snapshot was published
	frame        atomic.Int64 // number of the last frame

	closing, done chan struct{}
	diagnosing    sync.WaitGroup
	cancel        context.CancelFunc
}

// seenID is the start of the ID of a sensor.
const seenID = "seen_"

// sensor is a Sensor with its topic. It is on while it has active events.
type sensor struct {
	Sensor
	topic  string
	active map[string]bool // IDs of events that have appeared and are not gone
}

// New checks a configuration and starts to connect. If the broker is unreachable, the
// sink retries in the background.
func New(c Config) (*Sink, error) {
	b, err := newBroker(c)
	if err != nil {
		return nil, err
	}
	host := hostName()
	name := strings.TrimSpace(cmp.Or(c.Name, host) + " " + c.Camera)
	t, err := newTopics(cmp.Or(c.Prefix, DefaultPrefix), name)
	if err != nil {
		return nil, err
	}
	if c.Discovery != "" && !prefixPattern().MatchString(c.Discovery) {
		return nil, fmt.Errorf("the discovery prefix of Home Assistant %q: allowed are a-z, A-Z, 0-9, -, _ and / between levels", c.Discovery)
	}
	if !c.Snapshots {
		t.Snapshot = ""
	}
	s := &Sink{
		topics: t, discovery: c.Discovery, snapshots: c.Snapshots, health: c.Health,
		report: serialize(c.Report),
		out:    newOutbox(), closing: make(chan struct{}), done: make(chan struct{}),
	}
	var board pihealth.State
	if c.Health != nil {
		board = c.Health()
	}
	s.topics.Measured = homeassistant.Measured{
		Temperature: board.Celsius != nil, Throttled: board.Throttled != nil, Undervoltage: board.Undervoltage != nil,
		Memory: board.Memory != nil, Space: len(board.Volumes) > 0,
	}
	s.device = homeassistant.Device{ID: t.id, Name: name, Model: board.Model, Version: c.Version}
	s.addSensors(c.Sensors)
	s.device.Topics = s.topics.Topics
	s.states = limiter{interval: stateInterval, send: func(p []byte) { s.out.retain(s.topics.State, p) }}
	s.namesake = newNamesake(host, func() { s.out.republishTopic(s.topics.instance) }, s.report)
	if err := s.publishInitial(); err != nil {
		return nil, err
	}
	s.start(b, serialize(c.Log))
	return s, nil
}

// serialize returns a function that is safe for concurrent use and calls f, unless that
// is nil.
func serialize[T any](f func(T)) func(T) {
	var mu sync.Mutex
	return func(v T) {
		mu.Lock()
		defer mu.Unlock()
		if f != nil {
			f(v)
		}
	}
}

func (s *Sink) addSensors(list []Sensor) {
	names := make([]string, len(list))
	for i, sensor := range list {
		names[i] = sensor.Name
	}
	for i, level := range topic.Levels(names) {
		t := s.topics.seen(level)
		s.sensors = append(s.sensors, &sensor{Sensor: list[i], topic: t, active: map[string]bool{}})
		s.device.Sensors = append(s.device.Sensors, homeassistant.Sensor{ID: seenID + level, Name: list[i].Name, Topic: t})
	}
}

// publishInitial publishes the state before the first frame. It replaces what the last
// run has left at the broker.
func (s *Sink) publishInitial() error {
	s.out.retain(s.topics.instance, s.namesake.announcement())
	if s.discovery != "" {
		config, err := s.device.Config(nil)
		if err != nil {
			return err
		}
		s.out.retain(homeassistant.DiscoveryTopic(s.discovery, s.device.ID), config)
	}
	s.out.retain(s.topics.Availability, online)
	s.out.retain(s.topics.Camera, offline)
	for _, sensor := range s.sensors {
		s.out.retain(sensor.topic, off)
	}
	return nil
}

// start starts the goroutines.
func (s *Sink) start(b *broker, log func(string)) {
	c := &client{
		broker:        b,
		id:            "halfmeg-" + strings.ToLower(s.namesake.self.ID[:14]), // MQTT guarantees only 23 characters
		availability:  s.topics.Availability,
		subscriptions: []string{s.topics.instance},
		out:           s.out,
		received:      s.received,
		report:        s.report,
		log:           log,
	}
	if s.discovery != "" {
		c.subscriptions = append(c.subscriptions,
			homeassistant.StatusTopic(s.discovery), homeassistant.DiscoveryTopic(s.discovery, s.device.ID))
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.cancel = cancel
	go func() {
		defer close(s.done)
		c.run(ctx, s.closing)
	}()
	s.diagnosing.Go(func() { s.diagnose(ctx) })
}

// received handles a message from the broker. It must not block.
func (s *Sink) received(p *paho.Publish) {
	switch p.Topic {
	case s.topics.instance:
		s.namesake.received(p.Payload, p.Retain, s.topics.base)
	case homeassistant.StatusTopic(s.discovery):
		// A retained status is older than this connection, which has published all.
		if !p.Retain && string(p.Payload) == homeassistant.Online {
			s.out.republish()
		}
	case homeassistant.DiscoveryTopic(s.discovery, s.device.ID):
		if p.Retain {
			s.removeStale(p.Payload)
		}
	}
}

// removeStale removes entities that an earlier run had and this one does not, and their
// retained values. An old picture is private and must not stay at the broker.
func (s *Sink) removeStale(earlier []byte) {
	stale := s.device.Stale(earlier)
	if len(stale) == 0 {
		return
	}
	removal, err := s.device.Config(stale)
	if err != nil {
		s.report(err)
		return
	}
	config, err := s.device.Config(nil)
	if err != nil {
		s.report(err)
		return
	}
	s.out.retain(homeassistant.DiscoveryTopic(s.discovery, s.device.ID), removal, config)
	for id := range stale {
		if level, ok := strings.CutPrefix(id, seenID); ok {
			s.out.retain(s.topics.seen(level), nil)
		} else if id == homeassistant.SnapshotID {
			s.out.retain(s.topics.base+snapshotLevel, nil)
		}
	}
}

// WantsPicture reports whether to publish a picture: when something appears, and of the
// first frame, so that the topic has a value.
func (s *Sink) WantsPicture(o *pipeline.Observation) bool {
	return s.snapshots && (!s.snapshotSent.Load() || slices.ContainsFunc(o.Events, appeared))
}

func appeared(e decision.Event) bool { return e.Type == decision.Appeared }

// Observe publishes what changed.
func (s *Sink) Observe(o *pipeline.Observation) error {
	if o.HasFrame() {
		s.frame.Store(int64(o.Frame))
		s.out.retain(s.topics.Camera, online)
		if err := s.publishState(stateOf(o)); err != nil {
			return err
		}
	}
	if o.Snapshot != nil && s.WantsPicture(o) {
		s.publishPicture(o)
	}
	for _, e := range o.Events {
		s.updateSensors(e)
	}
	for _, e := range o.Events {
		payload, err := json.Marshal(e)
		if err != nil {
			return err
		}
		s.out.event(s.topics.Events, payload)
	}
	return nil
}

func (s *Sink) publishState(now state) error {
	if s.hasState && !now.differs(s.lastState) {
		return nil
	}
	payload, err := json.Marshal(now)
	if err != nil {
		return err
	}
	s.lastState, s.hasState = now, true
	s.states.put(payload)
	return nil
}

func (s *Sink) publishPicture(o *pipeline.Observation) {
	picture, err := o.Snapshot.Bounded(snapshot.SentSide, snapshot.SentQuality, snapshot.SentBytes)
	if err != nil {
		s.report(fmt.Errorf("picture of frame %d for MQTT: %w", o.Frame, err))
		return
	}
	s.snapshotSent.Store(true)
	s.out.retain(s.topics.Snapshot, picture)
}

// updateSensors publishes the sensors that an event changes.
func (s *Sink) updateSensors(e decision.Event) {
	for _, sensor := range s.sensors {
		if !sensor.matches(e) {
			continue
		}
		if appeared(e) {
			sensor.active[e.ID] = true
		} else {
			delete(sensor.active, e.ID)
		}
		if len(sensor.active) > 0 {
			s.out.retain(sensor.topic, on)
		} else {
			s.out.retain(sensor.topic, off)
		}
	}
}

func (s *sensor) matches(e decision.Event) bool {
	if e.Group || e.Class == nil {
		return s.Group && strings.EqualFold(s.Name, e.Name)
	}
	return slices.Contains(s.Classes, *e.Class)
}

// CameraChanged publishes whether frames arrive.
func (s *Sink) CameraChanged(state pipeline.CameraState) error {
	if state.Err != nil {
		s.out.retain(s.topics.Camera, offline)
	} else {
		s.out.retain(s.topics.Camera, online)
	}
	return nil
}

// Close publishes the queued messages and that edge is offline, and disconnects. It
// stops after closeTimeout, or when one attempt to connect fails.
func (s *Sink) Close() error {
	s.states.flush()
	s.out.close()
	close(s.closing)
	timeout := time.AfterFunc(closeTimeout, s.cancel)
	<-s.done
	timeout.Stop()
	s.cancel()
	s.diagnosing.Wait()
	if missing := s.out.pendingEvents() + s.out.takeDropped(); missing > 0 {
		s.report(fmt.Errorf("%s did not reach the MQTT broker", text.Count(missing, "event")))
	}
	return nil
}
