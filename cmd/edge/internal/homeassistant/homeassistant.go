// Package homeassistant encodes the messages by which Home Assistant discovers a device
// over MQTT. One retained message describes the device and all its entities
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

// The payloads of availability topics: Home Assistant's defaults.
const (
	Online  = "online"
	Offline = "offline"
)

// The payloads of binary sensors: Home Assistant's defaults.
const (
	On  = "ON"
	Off = "OFF"
)

// DefaultPrefix is Home Assistant's default discovery prefix.
const DefaultPrefix = "homeassistant"

// StatusTopic returns the topic where Home Assistant publishes Online when it starts.
func StatusTopic(prefix string) string { return prefix + "/status" }

// DiscoveryTopic returns the topic of a device's discovery message.
func DiscoveryTopic(prefix, id string) string { return prefix + "/device/" + id + "/config" }

// Device describes a device. IDs contain only a-z, 0-9, - and _. Names are for people
// and may contain any text.
type Device struct {
	ID      string
	Name    string
	Model   string // of the board; may be empty
	Version string // of this program; may be empty
	Topics  Topics
	Sensors []Sensor
}

// Topics are the topics of a device. An entity whose topic is empty is omitted.
type Topics struct {
	Availability string // Online or Offline: whether this program runs
	Camera       string // Online or Offline: whether frames arrive
	State        string // JSON with "name" and "probability"
	Events       string // JSON with "type": one of EventTypes
	Snapshot     string // JPEG
	Diagnostics  string // JSON with "frame_rate", "problem", "problems", "advice" and what is Measured

	Measured Measured
}

// Measured are the diagnostics that the board can measure.
type Measured struct{ Temperature, Throttled, Undervoltage, Memory, Space bool }

// EventTypes are the possible values of "type" in an event.
var EventTypes = []string{"appeared", "gone"}

// SnapshotID is the ID of the image component.
const SnapshotID = "snapshot"

// Sensor is a binary sensor: whether a class or group is seen.
type Sensor struct {
	ID    string // unique in the device
	Name  string
	Topic string // On or Off
}

// component is an entity: its configuration variables. Its ID within the device is also
// the last part of its unique ID.
type component map[string]any

// config is the discovery message. It uses the abbreviations of the documentation's
// example.
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

// available configures when an entity is available. Entities of the device need this
// program, and those that show what the camera sees also need the camera.
type available struct {
	Availability []availability `json:"availability"`
	Mode         string         `json:"availability_mode"`
}

type availability struct {
	Topic        string `json:"topic"`
	Available    string `json:"payload_available"`
	NotAvailable string `json:"payload_not_available"`
}

// Config returns the discovery message of a device. Stale components, from Stale, are
// included without content, which removes them from Home Assistant. The next message
// must omit them.
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
		list["class"] = d.needCamera(component{
			"p": "sensor", "name": "Seen", "icon": "mdi:eye",
			"state_topic":              t.State,
			"value_template":           "{{ value_json.name }}",
			"json_attributes_topic":    t.State,
			"json_attributes_template": "{{ {'probability': value_json.probability, 'label': value_json.label, 'on': value_json.on} | tojson }}",
		})
	}
	for _, s := range d.Sensors {
		list[s.ID] = d.needCamera(component{
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
	list["problem"] = component{
		"p": "binary_sensor", "name": "Board",
		"device_class": "problem", "entity_category": "diagnostic",
		"state_topic": t.Diagnostics, "payload_on": On, "payload_off": Off,
		"value_template":           "{{ 'ON' if value_json.problem else 'OFF' }}",
		"json_attributes_topic":    t.Diagnostics,
		"json_attributes_template": "{{ {'problems': value_json.problems, 'advice': value_json.advice} | tojson }}",
	}
	if t.Measured.Temperature {
		list["temperature"] = component{
			"p": "sensor", "name": "Processor temperature",
			"device_class": "temperature", "unit_of_measurement": "°C",
			"entity_category": "diagnostic", "state_class": "measurement",
			"suggested_display_precision": 1,
			"state_topic":                 t.Diagnostics, "value_template": "{{ value_json.temperature }}",
		}
	}
	if t.Measured.Undervoltage {
		list["undervoltage"] = component{
			"p": "binary_sensor", "name": "Power supply",
			"device_class": "problem", "entity_category": "diagnostic",
			"state_topic": t.Diagnostics, "payload_on": On, "payload_off": Off,
			"value_template": "{{ 'ON' if value_json.undervoltage else 'OFF' }}",
		}
	}
	if t.Measured.Memory {
		list["memory"] = t.megabytes("Available memory", "memory")
	}
	if t.Measured.Space {
		list["space"] = t.megabytes("Free space", "space")
	}
	if t.Measured.Throttled {
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

// megabytes returns a sensor for a field of the diagnostics.
func (t Topics) megabytes(name, field string) component {
	return component{
		"p": "sensor", "name": name,
		"device_class": "data_size", "unit_of_measurement": "MB",
		"entity_category": "diagnostic", "state_class": "measurement",
		"suggested_display_precision": 0,
		"state_topic":                 t.Diagnostics, "value_template": "{{ value_json." + field + " }}",
	}
}

// needCamera makes an entity unavailable while the camera is.
func (d Device) needCamera(c component) component {
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

// maxName limits names, in bytes. Home Assistant rejects a state of more than 255
// characters.
const maxName = 120

// Name makes a text usable as a state or a name in Home Assistant: one line of valid
// UTF-8, truncated to maxName bytes.
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
