// Package homeassistant writes the messages by which Home Assistant discovers a
// device over MQTT. One retained message describes the device and all its entities
// ("device discovery", Home Assistant 2024.11 and later):
// https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
//
// The package only computes payloads; package mqtt publishes them.
package homeassistant

import (
	"cmp"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"halfmeg/internal/printable"
)

// The payloads that tell whether something is there, which are Home Assistant's
// defaults.
const (
	Online  = "online"
	Offline = "offline"
)

// The payloads of a binary sensor, which are Home Assistant's defaults.
const (
	On  = "ON"
	Off = "OFF"
)

// DefaultPrefix is where Home Assistant looks for discovery messages unless it is
// configured otherwise.
const DefaultPrefix = "homeassistant"

// StatusTopic is where Home Assistant says that it has started, with Online.
func StatusTopic(prefix string) string { return prefix + "/status" }

// DiscoveryTopic is where the message of a device is retained.
func DiscoveryTopic(prefix, id string) string { return prefix + "/device/" + id + "/config" }

// Device is what a message describes. IDs have only the characters a-z, 0-9, - and
// _; names are for people and may hold anything.
type Device struct {
	ID      string
	Name    string
	Model   string // of the board; may be empty
	Version string // of this program; may be empty
	Topics  Topics
	Sensors []Sensor
}

// Topics are where the device publishes. What an empty one would tell is left out.
type Topics struct {
	Availability string // Online or Offline: this program
	Camera       string // Online or Offline: frames come
	State        string // JSON with "name" and "probability"
	Events       string // JSON with "type": one of EventTypes
	Snapshot     string // JPEG
	Diagnostics  string // JSON with "temperature", "throttled", "problems", "frame_rate"

	NoTemperature, NoThrottled bool // whether Diagnostics lacks them on this board
}

// EventTypes are the values of "type" in an event.
var EventTypes = []string{"appeared", "gone"}

// SnapshotID is the ID of the component for pictures.
const SnapshotID = "snapshot"

// Sensor is a class or a group that is seen or not.
type Sensor struct {
	ID    string // unique in the device
	Name  string
	Topic string // On or Off
}

// component is an entity. Its ID within the device is also the last part of its
// unique ID.
type component map[string]any

// config is the message. The abbreviations are those of the documentation's example.
type config struct {
	Device     device               `json:"dev"`
	Origin     origin               `json:"o"`
	Components map[string]component `json:"cmps"`
	QoS        int                  `json:"qos"`
	available
}

type device struct {
	Identifiers  string `json:"ids"`
	Name         string `json:"name"`
	Manufacturer string `json:"mf"`
	Model        string `json:"mdl,omitempty"`
	Version      string `json:"sw,omitempty"`
}

type origin struct {
	Name    string `json:"name"`
	Version string `json:"sw,omitempty"`
}

// available is what tells whether an entity's state counts. It is the same for the
// whole device, except that what the camera sees needs the camera too.
type available struct {
	Availability []availability `json:"availability"`
	Mode         string         `json:"availability_mode"`
}

type availability struct {
	Topic        string `json:"topic"`
	Available    string `json:"payload_available"`
	NotAvailable string `json:"payload_not_available"`
}

// Config returns the discovery message of a device. Components of an earlier message
// that are to go away, from Stale, are in it without content: it must be followed by
// a message that does not have them at all.
func (d Device) Config(stale map[string]string) ([]byte, error) {
	components := d.components()
	for id, c := range components {
		c["unique_id"] = d.ID + "_" + id
	}
	for id, platform := range stale {
		if components[id] == nil {
			components[id] = component{"p": platform}
		}
	}
	return json.Marshal(config{
		Device: device{
			Identifiers:  d.ID,
			Name:         cmp.Or(Name(d.Name), d.ID),
			Manufacturer: "halfmeg",
			Model:        Name(d.Model),
			Version:      Name(d.Version),
		},
		Origin:     origin{Name: "halfmeg edge", Version: Name(d.Version)},
		Components: components,
		QoS:        1,
		available:  allOf(d.Topics.Availability),
	})
}

func (d Device) components() map[string]component {
	list := map[string]component{}
	t := d.Topics
	if t.State != "" {
		list["class"] = d.seen(component{
			"p": "sensor", "name": "Seen", "icon": "mdi:eye",
			"state_topic":              t.State,
			"value_template":           "{{ value_json.name }}",
			"json_attributes_topic":    t.State,
			"json_attributes_template": "{{ {'probability': value_json.probability, 'label': value_json.label, 'on': value_json.on} | tojson }}",
		})
	}
	for _, s := range d.Sensors {
		list[s.ID] = d.seen(component{
			"p": "binary_sensor", "name": cmp.Or(Name(s.Name), s.ID), "icon": "mdi:eye",
			"state_topic": s.Topic, "payload_on": On, "payload_off": Off,
		})
	}
	if t.Events != "" {
		list["event"] = component{
			"p": "event", "name": "Sighting",
			"state_topic": t.Events, "event_types": EventTypes,
			"value_template": "{{ dict(value_json, event_type=value_json.type) | tojson }}",
		}
	}
	if t.Snapshot != "" {
		list[SnapshotID] = component{
			"p": "image", "name": "Last sighting",
			"image_topic": t.Snapshot, "content_type": "image/jpeg",
		}
	}
	if t.Camera != "" {
		list["camera"] = component{
			"p": "binary_sensor", "name": "Camera",
			"device_class": "connectivity", "entity_category": "diagnostic",
			"state_topic": t.Camera, "payload_on": Online, "payload_off": Offline,
		}
	}
	if t.Diagnostics != "" {
		t.addDiagnostics(list)
	}
	return list
}

func (t Topics) addDiagnostics(list map[string]component) {
	list["frame_rate"] = component{
		"p": "sensor", "name": "Frame rate", "icon": "mdi:speedometer",
		"entity_category": "diagnostic", "state_class": "measurement",
		"unit_of_measurement": "fps", "suggested_display_precision": 1,
		"state_topic": t.Diagnostics, "value_template": "{{ value_json.frame_rate }}",
	}
	if !t.NoTemperature {
		list["temperature"] = component{
			"p": "sensor", "name": "Processor temperature",
			"device_class": "temperature", "unit_of_measurement": "°C",
			"entity_category": "diagnostic", "state_class": "measurement",
			"suggested_display_precision": 1,
			"state_topic":                 t.Diagnostics, "value_template": "{{ value_json.temperature }}",
		}
	}
	if !t.NoThrottled {
		list["throttled"] = component{
			"p": "binary_sensor", "name": "Throttling",
			"device_class": "problem", "entity_category": "diagnostic",
			"state_topic": t.Diagnostics, "payload_on": On, "payload_off": Off,
			"value_template":           "{{ 'ON' if value_json.throttled else 'OFF' }}",
			"json_attributes_topic":    t.Diagnostics,
			"json_attributes_template": "{{ {'problems': value_json.problems} | tojson }}",
		}
	}
}

// seen adds that an entity needs the camera.
func (d Device) seen(c component) component {
	if d.Topics.Camera != "" {
		a := allOf(d.Topics.Availability, d.Topics.Camera)
		c["availability"], c["availability_mode"] = a.Availability, a.Mode
	}
	return c
}

func allOf(topics ...string) available {
	a := available{Mode: "all"}
	for _, t := range topics {
		a.Availability = append(a.Availability, availability{t, Online, Offline})
	}
	return a
}

// maxName bounds names, in bytes. Home Assistant rejects a state of more than 255
// characters.
const maxName = 120

// Name makes a foreign name fit for a state or a title of Home Assistant: one line
// of valid UTF-8.
func Name(s string) string {
	s = strings.TrimSpace(printable.Text(strings.ToValidUTF8(s[:min(len(s), 4*maxName)], "\uFFFD")))
	if len(s) <= maxName {
		return s
	}
	cut := maxName
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
