// Package mqtt is a sink that publishes to an MQTT broker what a camera shows, in a
// form that Home Assistant discovers by itself.
//
// # Topics
//
// All start with PREFIX/NAME, by default halfmeg/ and the host's name. Levels made
// of foreign names have only a-z, 0-9, - and _. All messages have QoS 1, and all
// but events are retained:
//
//	availability  online or offline: whether edge runs, also by its last will
//	camera        online or offline: whether frames come
//	state         JSON: the best answer; at most once a second, when it changes
//	seen/SENSOR   ON or OFF: a group or class that was chosen
//	events        JSON of decision.Event, one a message
//	snapshot      JPEG of what appeared last, if asked for
//	diagnostics   JSON: temperature, throttled, problems, frame_rate
//	instance      JSON: which run of edge publishes here
//
// Nothing is taken from the broker but Home Assistant's note that it has started, the
// device's own discovery message, and the instance of another edge of the same name.
//
// # Delivery
//
// Events wait in bounded memory while the broker is away. One message at a time is
// under way, and the next follows when the broker has acknowledged it: so events
// arrive in order, and one arrives twice only if the connection was lost between the
// broker's receipt and its acknowledgment, which QoS 1 allows. Retained values are
// published again after each connection, for a broker without persistence forgets
// them when it is restarted.
//
// # Client
//
// The protocol is that of github.com/eclipse/paho.golang/paho, which adds 192 KiB to
// edge for arm64. Its reconnecting cousin autopaho, and the older paho.mqtt.golang,
// add 448 KiB each: both link a websocket client, and their own queues, which this
// package would not use, because a retained state that waits should be replaced, not
// queued. TLS, user and password, last will and acknowledgments are the same in all.
// The price is that the broker must know MQTT 5, as Mosquitto does since 1.6.
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
)

const (
	// stateInterval is the shortest time between two states.
	stateInterval = time.Second

	// diagnosticsInterval is the time between two readings of the board.
	diagnosticsInterval = 30 * time.Second

	// closeTimeout is for how long the end of the program waits for the broker.
	closeTimeout = 3 * time.Second

	// snapshotSide is the longest side of a published picture, in pixels, and
	// snapshotQuality its JPEG quality.
	snapshotSide    = 1280
	snapshotQuality = 80
)

var (
	online  = []byte(homeassistant.Online)
	offline = []byte(homeassistant.Offline)
	on      = []byte(homeassistant.On)
	off     = []byte(homeassistant.Off)
)

// Sink publishes observations. Its methods never wait for the broker, except Close,
// for a few seconds.
type Sink struct {
	topics    topics
	sensors   []*sensor
	device    homeassistant.Device
	discovery string // Home Assistant's prefix; empty for none
	snapshots bool
	health    func() pihealth.State
	report    func(error)

	out      *outbox
	states   limiter
	namesake *namesake

	published state        // the last of states; only Observe uses it
	known     bool         // whether published is set
	pictured  atomic.Bool  // whether a snapshot was published
	frame     atomic.Int64 // number of the newest frame

	closing, done chan struct{}
	cancel        context.CancelFunc
}

// seenID is the start of the ID of a sensor.
const seenID = "seen_"

// sensor is a Sensor with its topic and the sightings that keep it on.
type sensor struct {
	Sensor
	topic string
	on    map[string]bool // IDs of sightings
}

// New checks a configuration and starts to connect. A broker that is not there is
// waited for.
func New(c Config) (*Sink, error) {
	b, err := newBroker(c)
	if err != nil {
		return nil, err
	}
	host := hostName()
	name := cmp.Or(c.Name, host)
	t, err := newTopics(cmp.Or(c.Prefix, DefaultPrefix), name)
	if err != nil {
		return nil, err
	}
	if c.Discovery != "" && !prefixForm.MatchString(c.Discovery) {
		return nil, fmt.Errorf("the prefix of Home Assistant's discovery, %q, may have only a-z, A-Z, 0-9, -, _ and / between levels", c.Discovery)
	}
	if !c.Snapshots {
		t.Snapshot = ""
	}
	s := &Sink{
		topics: t, discovery: c.Discovery, snapshots: c.Snapshots, health: c.Health,
		report: serial(c.Report),
		out:    newOutbox(), closing: make(chan struct{}), done: make(chan struct{}),
	}
	var board pihealth.State
	if c.Health != nil {
		board = c.Health()
	}
	s.topics.NoTemperature, s.topics.NoThrottled = board.Celsius == nil, board.Throttled == nil
	s.device = homeassistant.Device{ID: t.id, Name: name, Model: board.Model, Version: c.Version}
	s.addSensors(c.Sensors)
	s.device.Topics = s.topics.Topics
	s.states = limiter{interval: stateInterval, send: func(p []byte) { s.out.retain(s.topics.State, p) }}
	s.namesake = newNamesake(host, func() { s.out.again(s.topics.instance) }, s.report)
	if err := s.retainFirst(); err != nil {
		return nil, err
	}
	s.start(b, serial(c.Log))
	return s, nil
}

// serial returns a function that may be called from several goroutines.
func serial[T any](tell func(T)) func(T) {
	var mu sync.Mutex
	return func(v T) {
		mu.Lock()
		defer mu.Unlock()
		if tell != nil {
			tell(v)
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
		s.sensors = append(s.sensors, &sensor{Sensor: list[i], topic: t, on: map[string]bool{}})
		s.device.Sensors = append(s.device.Sensors, homeassistant.Sensor{ID: seenID + level, Name: list[i].Name, Topic: t})
	}
}

// retainFirst publishes what is known before the first frame. It corrects what an
// earlier run left.
func (s *Sink) retainFirst() error {
	s.out.retain(s.topics.instance, s.namesake.introduction())
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

// start starts the goroutines of a sink.
func (s *Sink) start(b *broker, log func(string)) {
	c := &client{
		broker:        b,
		id:            "halfmeg-" + strings.ToLower(s.namesake.self.ID[:14]), // every broker allows 23 characters
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
	go s.diagnose(ctx)
}

// received handles a message of the broker. It must not wait.
func (s *Sink) received(p *paho.Publish) {
	switch p.Topic {
	case s.topics.instance:
		s.namesake.see(p.Payload, p.Retain, s.topics.base)
	case homeassistant.StatusTopic(s.discovery):
		// A retained one is old; everything was published after it.
		if !p.Retain && string(p.Payload) == homeassistant.Online {
			s.out.republish()
		}
	case homeassistant.DiscoveryTopic(s.discovery, s.device.ID):
		if p.Retain {
			s.removeStale(p.Payload)
		}
	}
}

// removeStale removes the entities of an earlier run that are no more, and what was
// retained for them: an old picture is nobody's business.
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

// WantsPicture reports whether a picture is published: of what appeared, and of the
// first frame, so that there is one.
func (s *Sink) WantsPicture(o *pipeline.Observation) bool {
	return s.snapshots && (!s.pictured.Load() || slices.ContainsFunc(o.Events, appeared))
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
		s.follow(e)
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
	if s.known && !now.differs(s.published) {
		return nil
	}
	payload, err := json.Marshal(now)
	if err != nil {
		return err
	}
	s.published, s.known = now, true
	s.states.put(payload)
	return nil
}

func (s *Sink) publishPicture(o *pipeline.Observation) {
	picture, err := o.Snapshot.JPEG(snapshotSide, snapshotQuality)
	if err != nil {
		s.report(fmt.Errorf("picture of frame %d for MQTT: %w", o.Frame, err))
		return
	}
	s.pictured.Store(true)
	s.out.retain(s.topics.Snapshot, picture)
}

// follow updates the sensors that an event is about.
func (s *Sink) follow(e decision.Event) {
	for _, sensor := range s.sensors {
		if !sensor.matches(e) {
			continue
		}
		if appeared(e) {
			sensor.on[e.ID] = true
		} else {
			delete(sensor.on, e.ID)
		}
		if len(sensor.on) > 0 {
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

// CameraChanged publishes whether frames come.
func (s *Sink) CameraChanged(state pipeline.CameraState) error {
	if state.Err != nil {
		s.out.retain(s.topics.Camera, offline)
	} else {
		s.out.retain(s.topics.Camera, online)
	}
	return nil
}

// Close publishes what waits, says that edge is offline and disconnects. It gives up
// after a few seconds, and at once if there is no broker.
func (s *Sink) Close() error {
	s.states.flush()
	s.out.close()
	close(s.closing)
	timeout := time.AfterFunc(closeTimeout, s.cancel)
	<-s.done
	timeout.Stop()
	s.cancel()
	if waiting := s.out.waiting() + s.out.takeLost(); waiting > 0 {
		s.report(fmt.Errorf("%d events did not reach the MQTT broker", waiting))
	}
	return nil
}
