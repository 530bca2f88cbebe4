package mqtt

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/eclipse/paho.golang/paho"
	"github.com/stretchr/testify/require"

	"halfmeg/camera"
	"halfmeg/camera/pixel"
	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/homeassistant"
	"halfmeg/cmd/edge/internal/pihealth"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/cmd/edge/internal/snapshot"
	"halfmeg/internal/printable"
	"halfmeg/model/classify"
)

const (
	availabilityTopic = "halfmeg/door/availability"
	cameraTopic       = "halfmeg/door/camera"
	eventsTopic       = "halfmeg/door/events"
	stateTopic        = "halfmeg/door/state"
	instanceTopic     = "halfmeg/door/instance"
	configTopic       = "homeassistant/device/halfmeg_door/config"
)

// frame returns an observation of a cat.
func frame(number int, events ...decision.Event) *pipeline.Observation {
	return &pipeline.Observation{
		Frame:   number,
		Results: []classify.Class{{Index: 3, Label: "cat", Probability: 0.5}},
		Answers: []decision.Answer{{Index: 3, Name: "cat", Label: "cat", Probability: 0.5, On: true}},
		Events:  events,
	}
}

func event(kind, id, name string, class int) decision.Event {
	e := decision.Event{Version: decision.EventVersion, ID: id, Type: kind, Name: name, Start: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	if class >= 0 {
		e.Class = &class
	} else {
		e.Group = true
	}
	return e
}

// gray returns a picture.
func gray() *snapshot.Snapshot {
	f := pixel.Format{FourCC: pixel.RGB24, Width: 8, Height: 8, Stride: 24}
	c := &camera.Frame{Format: f, Data: make([]byte, f.Size())}
	img := c.Pixels()
	return snapshot.New(c, &img)
}

func health() pihealth.State {
	celsius, throttled, undervoltage := 48.25, uint32(1<<2), false
	return pihealth.State{
		Model: "Raspberry Pi 5", Celsius: &celsius, Throttled: &throttled, Undervoltage: &undervoltage,
		Memory:  &pihealth.Memory{Total: 4e9, Available: 312_500_000},
		Volumes: []pihealth.Volume{{Folder: "/", Free: 5e9, Total: 3e10}, {Folder: "/mnt", Free: 1.2e9, Total: 3e10}},
	}
}

func TestPublish(t *testing.T) {
	m := newMosquitto(t, anonymous)
	m.start(t)
	o := observe(t, m, "", "#")
	s, r := newSink(t, Config{
		URL: m.url(), Discovery: homeassistant.DefaultPrefix, Snapshots: true, Health: health,
		Sensors: []Sensor{{Name: "dog", Group: true}, {Name: "hot dog", Classes: []int{3, 4}}, {Name: "hot/dogs+#", Classes: []int{9}}},
	})
	o.waitFor(t, availabilityTopic, "online")
	o.waitFor(t, "halfmeg/door/seen/dog", "OFF")
	o.waitFor(t, "halfmeg/door/diagnostics", `{"temperature":48.3,"throttled":true,"undervoltage":false,"memory":312.5,"space":1200,"problem":true,`+
		`"problems":["the processor is throttled"],"advice":["use the official power supply and a short cable, and a heat sink or a fan"],"frame_rate":null}`)
	require.Equal(t, "offline", o.last(cameraTopic))

	require.True(t, s.WantsPicture(frame(1)), "the first frame")
	first := frame(1, event(decision.Appeared, "1", "cat", 3), event(decision.Appeared, "2", "dog", -1))
	first.Snapshot = gray()
	require.NoError(t, s.Observe(first))
	o.waitFor(t, "halfmeg/door/seen/hot_dog", "ON")
	o.waitFor(t, "halfmeg/door/seen/dog", "ON")
	o.waitFor(t, stateTopic, `{"name":"cat","label":"cat","group":false,"probability":0.5,"on":true}`)
	require.Equal(t, "online", o.last(cameraTopic))
	o.waitForPicture(t)
	require.False(t, s.WantsPicture(frame(2, event(decision.Gone, "1", "cat", 3))))
	require.True(t, s.WantsPicture(frame(2, event(decision.Appeared, "3", "cat", 3))))
	require.Eventually(t, func() bool { return len(o.payloads(eventsTopic)) == 2 }, waitTimeout, 10*time.Millisecond)
	require.JSONEq(t, `{"version":1,"id":"1","type":"appeared","name":"cat","class":3,"group":false,"start":"2026-01-02T03:04:05Z","duration":0,"probability":0,"peak":0}`, o.payloads(eventsTopic)[0])

	// Class 4 belongs to the same sensor, which stays on until both are gone.
	require.NoError(t, s.Observe(frame(2, event(decision.Appeared, "3", "corgi", 4), event(decision.Gone, "1", "cat", 3))))
	require.NoError(t, s.Observe(&pipeline.Observation{Events: []decision.Event{event(decision.Gone, "2", "dog", -1)}}))
	o.waitFor(t, "halfmeg/door/seen/dog", "OFF")
	require.Equal(t, "ON", o.last("halfmeg/door/seen/hot_dog"))
	require.NoError(t, s.CameraChanged(pipeline.CameraState{Err: os.ErrNotExist}))
	o.waitFor(t, cameraTopic, "offline")
	require.NoError(t, s.CameraChanged(pipeline.CameraState{}))
	o.waitFor(t, cameraTopic, "online")

	require.NoError(t, s.Close())
	o.waitFor(t, availabilityTopic, "offline")
	require.Empty(t, r.all())
	for _, p := range o.all() {
		require.Regexp(t, `^[a-z0-9_/-]+$`, p.Topic)
	}

	retained := observe(t, m, "", "#")
	retained.waitFor(t, "halfmeg/door/seen/hot_dog", "ON")
	require.Empty(t, retained.payloads(eventsTopic))
	retained.waitFor(t, configTopic, o.last(configTopic))
}

// The discovery message is published again when Home Assistant restarts. Entities that
// a later run does not have are removed.
func TestDiscovery(t *testing.T) {
	m := newMosquitto(t, anonymous)
	m.start(t)
	o := observe(t, m, "", configTopic)
	config := Config{
		URL: m.url(), Discovery: homeassistant.DefaultPrefix, Snapshots: true,
		Sensors: []Sensor{{Name: "dog", Group: true}, {Name: "cat", Group: true}},
	}
	s, _ := newSink(t, config)
	require.Eventually(t, func() bool { return len(o.payloads(configTopic)) == 1 }, waitTimeout, 10*time.Millisecond)
	first := o.last(configTopic)
	message, err := s.device.Config(nil)
	require.NoError(t, err)
	require.JSONEq(t, string(message), first)
	require.Contains(t, first, `"seen_dog"`)

	o.publish(t, "homeassistant/status", "offline", false)
	o.publish(t, "homeassistant/status", "online", false)
	require.Eventually(t, func() bool { return len(o.payloads(configTopic)) == 2 }, waitTimeout, 10*time.Millisecond)
	require.Equal(t, first, o.last(configTopic))
	picture := frame(1)
	picture.Snapshot = gray()
	require.NoError(t, s.Observe(picture))
	require.NoError(t, s.Close())

	retained := observe(t, m, "", "halfmeg/door/seen/+", "halfmeg/door/snapshot")
	retained.waitFor(t, "halfmeg/door/seen/dog", "OFF")
	retained.waitForPicture(t)
	config.Sensors, config.Snapshots = config.Sensors[1:], false
	s, _ = newSink(t, config)
	removed := func() bool { // by a message with an empty entity, then one without the entity
		list := o.payloads(configTopic)
		n := len(list)
		return n >= 4 && !strings.Contains(list[n-1], "seen_dog") && strings.Contains(list[n-2], `"seen_dog":{"p":"binary_sensor"}`)
	}
	require.Eventually(t, removed, waitTimeout, 10*time.Millisecond)
	retained.waitFor(t, "halfmeg/door/seen/dog", "") // an empty payload deletes it
	retained.waitFor(t, "halfmeg/door/snapshot", "")
	require.NoError(t, s.Close())

	clean := o.last(configTopic)
	config.Discovery = ""
	s, _ = newSink(t, config)
	o = observe(t, m, "", "halfmeg/#", configTopic)
	o.waitFor(t, availabilityTopic, "online")
	o.waitFor(t, configTopic, clean)
	require.NoError(t, s.Close())
	o.waitFor(t, availabilityTopic, "offline")
	require.Len(t, o.payloads(configTopic), 1, "the retained one")
}

func TestLastWill(t *testing.T) {
	m := newMosquitto(t, anonymous)
	m.start(t)
	o := observe(t, m, "", "halfmeg/#")
	program := exec.Command(os.Args[0])
	program.Env = append(os.Environ(), sinkVariable+"="+m.url())
	program.Stderr = os.Stderr
	require.NoError(t, program.Start())
	o.waitFor(t, availabilityTopic, "online")
	require.NoError(t, program.Process.Kill())
	_ = program.Wait() // it was killed
	o.waitFor(t, availabilityTopic, "offline")
	retained := observe(t, m, "", "halfmeg/#")
	retained.waitFor(t, availabilityTopic, "offline")
}

// numbers returns the frame numbers of events, and how many events arrived twice in a
// row. Duplicates between broker and observer, which have the DUP flag, do not count.
func numbers(t *testing.T, list []paho.Publish) (distinct []int, duplicates int) {
	t.Helper()
	seen := map[int]bool{}
	for _, p := range list {
		var e decision.Event
		require.NoError(t, json.Unmarshal(p.Payload, &e))
		switch n := len(distinct); {
		case seen[e.Frame] && p.Duplicate():
		case n > 0 && distinct[n-1] == e.Frame:
			duplicates++
		default:
			distinct = append(distinct, e.Frame)
		}
		seen[e.Frame] = true
	}
	return distinct, duplicates
}

// No event is lost or reordered while the broker is restarted twice.
func TestBrokerRestart(t *testing.T) {
	m := newMosquitto(t, persistent...)
	m.start(t)
	const session = "observer"
	o := observe(t, m, session, eventsTopic)
	s, r := newSink(t, Config{URL: m.url()})
	const events = 400
	observed := make(chan error)
	go func() {
		for i := range events {
			e := event(decision.Appeared, strconv.Itoa(i), "cat", 3)
			e.Frame = i
			if err := s.Observe(frame(i, e)); err != nil {
				observed <- err
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		close(observed)
	}()
	var got []paho.Publish
	for i := range 2 {
		require.Eventually(t, func() bool { return len(o.payloads(eventsTopic)) > 20 }, waitTimeout, time.Millisecond)
		m.stop(t)
		require.Eventually(t, func() bool { return s.out.pendingEvents() > 20 || i == 1 }, waitTimeout, time.Millisecond, "events are queued")
		got = append(got, o.all()...)
		m.start(t)
		o = observe(t, m, session, eventsTopic)
	}
	require.NoError(t, <-observed)
	require.NoError(t, s.Close())
	last := fmt.Sprintf(`"frame":%d}`, events-1)
	require.Eventually(t, func() bool { return strings.HasSuffix(o.last(eventsTopic), last) }, waitTimeout, 10*time.Millisecond)
	distinct, duplicates := numbers(t, append(got, o.all()...))
	require.Len(t, distinct, events)
	for i, n := range distinct {
		require.Equal(t, i, n, "in order")
	}
	require.LessOrEqual(t, duplicates, 2, "at most one acknowledgment is lost in each restart")
	require.Contains(t, strings.Join(r.all(), "\n"), "events are queued until it is reachable")
	require.Contains(t, strings.Join(r.all(), "\n"), "connected")
}

// A broker without persistence loses retained values in a restart.
func TestBrokerWithoutPersistence(t *testing.T) {
	m := newMosquitto(t, anonymous)
	s, r := newSink(t, Config{URL: m.url(), Sensors: []Sensor{{Name: "cat", Classes: []int{3}}}})
	require.NoError(t, s.Observe(frame(1, event(decision.Appeared, "1", "cat", 3))))
	require.Eventually(t, func() bool { return len(r.all()) == 1 }, waitTimeout, 10*time.Millisecond)
	require.Contains(t, r.all()[0], "connection refused; events are queued until it is reachable")
	for range 2 {
		m.start(t)
		o := observe(t, m, "", "#")
		o.waitFor(t, availabilityTopic, "online")
		o.waitFor(t, "halfmeg/door/seen/cat", "ON")
		o.waitFor(t, stateTopic, `{"name":"cat","label":"cat","group":false,"probability":0.5,"on":true}`)
		m.stop(t)
	}
}

func TestCloseWithoutBroker(t *testing.T) {
	m := newMosquitto(t, anonymous)
	s, r := newSink(t, Config{URL: m.url()})
	require.NoError(t, s.Observe(frame(1, event(decision.Appeared, "1", "cat", 3))))
	require.Eventually(t, func() bool { return len(r.all()) == 1 }, waitTimeout, 10*time.Millisecond)
	require.NoError(t, s.Close())
	require.Equal(t, "1 event did not reach the MQTT broker", r.all()[1])
}

// Two instances of the same name both report that once. The retained announcement of an
// instance that has ended is ignored.
func TestNamesake(t *testing.T) {
	m := newMosquitto(t, anonymous)
	m.start(t)
	o := observe(t, m, "", "#")
	o.publish(t, instanceTopic, `{"id":"old","host":"pi"}`, true)
	first, r1 := newSink(t, Config{URL: m.url()})
	o.waitFor(t, availabilityTopic, "online")
	require.Equal(t, string(first.namesake.announcement()), o.last(instanceTopic))
	require.Empty(t, r1.all())

	second, r2 := newSink(t, Config{URL: m.url()})
	for _, r := range []*reports{r1, r2} {
		require.Eventually(t, func() bool { return len(r.all()) == 1 }, waitTimeout, 10*time.Millisecond)
		require.Contains(t, r.all()[0], "also publishes under halfmeg/door: start one of them with another --mqtt-name")
	}
	o.publish(t, instanceTopic, "{\"id\":\"x\",\"host\":\"evil\\u001b[2J\"}", false)
	o.publish(t, instanceTopic, "\xff{", false)
	require.NoError(t, first.Close())
	require.NoError(t, second.Close())
	require.Len(t, r1.all(), 1)
	require.Len(t, r2.all(), 1)
}

// Any client of the broker may have published a message.
func FuzzReceived(f *testing.F) {
	f.Add([]byte(`{"id":"x","host":"\u001b[2J"}`), true)
	f.Add([]byte(`{"cmps":{"seen_a":{"p":"sensor"},"snapshot":{"p":"image"},"seen_/#":{"p":"sensor"}}}`), true)
	f.Add([]byte("online"), false)
	f.Fuzz(func(t *testing.T, payload []byte, retained bool) {
		topics, err := newTopics(DefaultPrefix, "door")
		require.NoError(t, err)
		var r reports
		s := &Sink{topics: topics, discovery: homeassistant.DefaultPrefix, out: newOutbox(), report: r.report}
		s.device = homeassistant.Device{ID: topics.id, Topics: topics.Topics}
		s.namesake = newNamesake("pi", func() {}, r.report)
		for _, topic := range []string{instanceTopic, "homeassistant/status", configTopic, "other"} {
			s.received(&paho.Publish{Topic: topic, Payload: payload, Retain: retained})
		}
		for {
			m, ok, _ := s.out.next()
			if !ok {
				break
			}
			require.Regexp(t, `^(halfmeg/door/(seen/[a-z0-9_-]*|snapshot)|`+configTopic+`)$`, m.topic)
			require.Equal(t, m.topic != configTopic, len(m.payload) == 0)
			s.out.done(m)
		}
		require.LessOrEqual(t, len(r.all()), 1)
		for _, text := range r.all() {
			require.Equal(t, printable.Text(text), text)
		}
	})
}
