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

// frame is an observation of a cat.
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

// gray is the picture of a frame.
func gray() *snapshot.Snapshot {
	f := pixel.Format{FourCC: pixel.RGB24, Width: 8, Height: 8, Stride: 24}
	c := &camera.Frame{Format: f, Data: make([]byte, f.Size())}
	img := c.Pixels()
	return snapshot.New(c, &img)
}

func health() pihealth.State {
	celsius, throttled := 48.25, uint32(1<<2)
	return pihealth.State{Model: "Raspberry Pi 5", Celsius: &celsius, Throttled: &throttled}
}

func TestPublished(t *testing.T) {
	m := newMosquitto(t, anonymous)
	m.start(t)
	o := observe(t, m, "", "#")
	s, r := newSink(t, Config{
		URL: m.url(), Discovery: homeassistant.DefaultPrefix, Snapshots: true, Health: health,
		Sensors: []Sensor{{Name: "dog", Group: true}, {Name: "hot dog", Classes: []int{3, 4}}, {Name: "hot/dogs+#", Classes: []int{9}}},
	})
	o.waitFor(t, availabilityTopic, "online")
	o.waitFor(t, "halfmeg/door/seen/dog", "OFF")
	o.waitFor(t, "halfmeg/door/diagnostics", `{"temperature":48.3,"throttled":true,"problems":["the processor is throttled"],"frame_rate":null}`)
	require.Equal(t, "offline", o.last(cameraTopic))

	require.True(t, s.WantsPicture(frame(1)), "the first")
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
	require.Eventually(t, func() bool { return len(o.on(eventsTopic)) == 2 }, patience, 10*time.Millisecond)
	require.JSONEq(t, `{"version":1,"id":"1","type":"appeared","name":"cat","class":3,"group":false,"start":"2026-01-02T03:04:05Z","duration":0,"probability":0,"peak":0}`, o.on(eventsTopic)[0])

	// Class 4 belongs to the same sensor: it stays on until both are gone.
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

	late := observe(t, m, "", "#") // finds what is retained
	late.waitFor(t, "halfmeg/door/seen/hot_dog", "ON")
	require.Empty(t, late.on(eventsTopic))
	late.waitFor(t, configTopic, o.last(configTopic))
}

// Home Assistant forgets entities without their message, and says when it is back.
func TestDiscovery(t *testing.T) {
	m := newMosquitto(t, anonymous)
	m.start(t)
	o := observe(t, m, "", configTopic)
	config := Config{
		URL: m.url(), Discovery: homeassistant.DefaultPrefix, Snapshots: true,
		Sensors: []Sensor{{Name: "dog", Group: true}, {Name: "cat", Group: true}},
	}
	s, _ := newSink(t, config)
	require.Eventually(t, func() bool { return len(o.on(configTopic)) == 1 }, patience, 10*time.Millisecond)
	first := o.last(configTopic)
	want, err := s.device.Config(nil)
	require.NoError(t, err)
	require.JSONEq(t, string(want), first)
	require.Contains(t, first, `"seen_dog"`)

	o.publish(t, "homeassistant/status", "offline", false)
	o.publish(t, "homeassistant/status", "online", false)
	require.Eventually(t, func() bool { return len(o.on(configTopic)) == 2 }, patience, 10*time.Millisecond)
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
	removed := func() bool { // by a message without content for the entity, and one without the entity
		list := o.on(configTopic)
		n := len(list)
		return n >= 4 && !strings.Contains(list[n-1], "seen_dog") && strings.Contains(list[n-2], `"seen_dog":{"p":"binary_sensor"}`)
	}
	require.Eventually(t, removed, patience, 10*time.Millisecond)
	retained.waitFor(t, "halfmeg/door/seen/dog", "") // which removes it
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
	require.Len(t, o.on(configTopic), 1, "the retained one")
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
	late := observe(t, m, "", "halfmeg/#")
	late.waitFor(t, availabilityTopic, "offline")
}

// numbers returns the frame numbers of events, and how many came twice in a row. What
// the broker sent to the observer again, which it marks, does not count.
func numbers(t *testing.T, list []paho.Publish) (distinct []int, twice int) {
	t.Helper()
	seen := map[int]bool{}
	for _, p := range list {
		var e decision.Event
		require.NoError(t, json.Unmarshal(p.Payload, &e))
		switch n := len(distinct); {
		case seen[e.Frame] && p.Duplicate():
		case n > 0 && distinct[n-1] == e.Frame:
			twice++
		default:
			distinct = append(distinct, e.Frame)
		}
		seen[e.Frame] = true
	}
	return distinct, twice
}

// Events happen all the time while the broker is restarted twice.
func TestRestartOfTheBroker(t *testing.T) {
	m := newMosquitto(t, persistent...)
	m.start(t)
	const session = "observer"
	o := observe(t, m, session, eventsTopic)
	s, r := newSink(t, Config{URL: m.url()})
	const events = 400
	happened := make(chan error)
	go func() {
		for i := range events {
			e := event(decision.Appeared, strconv.Itoa(i), "cat", 3)
			e.Frame = i
			if err := s.Observe(frame(i, e)); err != nil {
				happened <- err
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		close(happened)
	}()
	var got []paho.Publish
	for i := range 2 {
		require.Eventually(t, func() bool { return len(o.on(eventsTopic)) > 20 }, patience, time.Millisecond)
		m.stop(t)
		require.Eventually(t, func() bool { return s.out.waiting() > 20 || i == 1 }, patience, time.Millisecond, "events wait")
		got = append(got, o.all()...)
		m.start(t)
		o = observe(t, m, session, eventsTopic)
	}
	require.NoError(t, <-happened)
	require.NoError(t, s.Close())
	last := fmt.Sprintf(`"frame":%d}`, events-1)
	require.Eventually(t, func() bool { return strings.HasSuffix(o.last(eventsTopic), last) }, patience, 10*time.Millisecond)
	distinct, twice := numbers(t, append(got, o.all()...))
	require.Len(t, distinct, events)
	for i, n := range distinct {
		require.Equal(t, i, n, "in order")
	}
	require.LessOrEqual(t, twice, 2, "each restart cuts at most one message from its acknowledgment")
	require.Contains(t, strings.Join(r.all(), "\n"), "events are kept until it is there")
	require.Contains(t, strings.Join(r.all(), "\n"), "connected")
}

// A broker without persistence forgets retained values too.
func TestForgetfulBroker(t *testing.T) {
	m := newMosquitto(t, anonymous)
	s, r := newSink(t, Config{URL: m.url(), Sensors: []Sensor{{Name: "cat", Classes: []int{3}}}})
	require.NoError(t, s.Observe(frame(1, event(decision.Appeared, "1", "cat", 3))))
	require.Eventually(t, func() bool { return len(r.all()) == 1 }, patience, 10*time.Millisecond)
	require.Contains(t, r.all()[0], "connection refused; events are kept until it is there")
	for range 2 {
		m.start(t)
		o := observe(t, m, "", "#")
		o.waitFor(t, availabilityTopic, "online")
		o.waitFor(t, "halfmeg/door/seen/cat", "ON")
		o.waitFor(t, stateTopic, `{"name":"cat","label":"cat","group":false,"probability":0.5,"on":true}`)
		m.stop(t)
	}
}

func TestWithoutBrokerCloseDoesNotWait(t *testing.T) {
	m := newMosquitto(t, anonymous)
	s, r := newSink(t, Config{URL: m.url()})
	require.NoError(t, s.Observe(frame(1, event(decision.Appeared, "1", "cat", 3))))
	require.Eventually(t, func() bool { return len(r.all()) == 1 }, patience, 10*time.Millisecond)
	require.NoError(t, s.Close())
	require.Equal(t, "1 events did not reach the MQTT broker", r.all()[1])
}

// A namesake is noticed by both, once, and one that is no more is not.
func TestNamesake(t *testing.T) {
	m := newMosquitto(t, anonymous)
	m.start(t)
	o := observe(t, m, "", "#")
	o.publish(t, instanceTopic, `{"id":"old","host":"pi"}`, true)
	first, r1 := newSink(t, Config{URL: m.url()})
	o.waitFor(t, availabilityTopic, "online")
	require.Equal(t, string(first.namesake.introduction()), o.last(instanceTopic))
	require.Empty(t, r1.all())

	second, r2 := newSink(t, Config{URL: m.url()})
	for _, r := range []*reports{r1, r2} {
		require.Eventually(t, func() bool { return len(r.all()) == 1 }, patience, 10*time.Millisecond)
		require.Contains(t, r.all()[0], "publishes under halfmeg/door too: start one of them with another --mqtt-name")
	}
	o.publish(t, instanceTopic, "{\"id\":\"x\",\"host\":\"evil\\u001b[2J\"}", false)
	o.publish(t, instanceTopic, "\xff{", false)
	require.NoError(t, first.Close())
	require.NoError(t, second.Close())
	require.Len(t, r1.all(), 1)
	require.Len(t, r2.all(), 1)
}

// The broker's messages may come from anybody.
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
