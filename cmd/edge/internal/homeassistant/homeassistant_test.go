package homeassistant

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// kind is the type of a configuration variable. The tables below list the documented
// variables that this package uses, from
//
//	https://www.home-assistant.io/integrations/mqtt/#device-discovery-payload
//	https://www.home-assistant.io/integrations/mqtt/#supported-abbreviations-in-mqtt-discovery-messages
//	https://www.home-assistant.io/integrations/sensor.mqtt/
//	https://www.home-assistant.io/integrations/binary_sensor.mqtt/
//	https://www.home-assistant.io/integrations/event.mqtt/
//	https://www.home-assistant.io/integrations/image.mqtt/
//
// Home Assistant ignores unknown keys without an error, so any other key is a mistake.
type kind int

const (
	text kind = iota
	topicName
	template
	number
	textList
	list
)

var rootKeys = map[string]kind{"dev": list, "o": list, "cmps": list, "qos": number, "availability": list, "availability_mode": text}

var required = map[string][]string{ // in addition to p and unique_id
	"sensor":        {"state_topic"},
	"binary_sensor": {"state_topic"},
	"event":         {"state_topic", "event_types"},
	"image":         {"image_topic"},
}

var commonKeys = map[string]kind{
	"p": text, "unique_id": text, "name": text, "icon": text, "entity_category": text,
	"availability": list, "availability_mode": text, "json_attributes_topic": topicName, "json_attributes_template": template,
}

var platformKeys = map[string]map[string]kind{
	"sensor": {
		"state_topic": topicName, "value_template": template, "device_class": text, "state_class": text,
		"unit_of_measurement": text, "suggested_display_precision": number,
	},
	"binary_sensor": {"state_topic": topicName, "value_template": template, "device_class": text, "payload_on": text, "payload_off": text},
	"event":         {"state_topic": topicName, "value_template": template, "event_types": textList},
	"image":         {"image_topic": topicName, "content_type": text},
}

// values are the documented values of enumerations, where this package uses them.
var values = map[string][]string{
	"availability_mode":    {"all", "any", "latest"},
	"entity_category":      {"config", "diagnostic"},
	"state_class":          {"measurement", "total", "total_increasing"},
	"sensor/class":         {"temperature", "data_size"}, // https://www.home-assistant.io/integrations/sensor/#device-class
	"binary_sensor/class":  {"connectivity", "problem"},
	"temperature/units":    {"°C", "°F", "K"},
	"data_size/units":      {"B", "kB", "MB", "GB", "TB"},
	"device info":          {"ids", "name", "mf", "mdl", "sw", "hw", "sn", "cu", "sa", "cns"},
	"origin info":          {"name", "sw", "url"},
	"keys of availability": {"topic", "payload_available", "payload_not_available", "value_template"},
}

var topicPattern = regexp.MustCompile(`^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)+$`)

// checkConfig checks a discovery message against the tables and returns its components.
// A component with only a platform is a removal.
func checkConfig(t *testing.T, message []byte) map[string]map[string]any {
	t.Helper()
	require.True(t, utf8.Valid(message))
	var root map[string]any
	require.NoError(t, json.Unmarshal(message, &root))
	checkKeys(t, root, rootKeys)
	checkAvailability(t, root)
	dev, o := root["dev"].(map[string]any), root["o"].(map[string]any)
	require.Subset(t, values["device info"], slices.Collect(maps.Keys(dev)))
	require.NotEmpty(t, dev["ids"])
	require.NotEmpty(t, dev["name"])
	require.Subset(t, values["origin info"], slices.Collect(maps.Keys(o)))
	require.NotEmpty(t, o["name"], "required")

	ids := map[any]bool{}
	components := map[string]map[string]any{}
	for id, value := range root["cmps"].(map[string]any) {
		c := value.(map[string]any)
		components[id] = c
		require.Regexp(t, `^[a-zA-Z0-9_-]+$`, id)
		platform := c["p"].(string)
		require.Contains(t, required, platform)
		if len(c) == 1 {
			continue
		}
		checkComponent(t, platform, c)
		require.NotEmpty(t, c["unique_id"])
		require.False(t, ids[c["unique_id"]], "unique_id twice")
		ids[c["unique_id"]] = true
	}
	return components
}

func checkComponent(t *testing.T, platform string, c map[string]any) {
	t.Helper()
	for _, key := range required[platform] {
		require.NotEmpty(t, c[key], key)
	}
	keys := maps.Clone(commonKeys)
	maps.Copy(keys, platformKeys[platform])
	checkKeys(t, c, keys)
	if c["availability"] != nil {
		checkAvailability(t, c)
	}
	for key, allowed := range map[string][]string{
		"entity_category": values["entity_category"], "state_class": values["state_class"], "device_class": values[platform+"/class"],
	} {
		if c[key] != nil {
			require.Contains(t, allowed, c[key], key)
		}
	}
	if class, ok := c["device_class"].(string); ok && values[class+"/units"] != nil {
		require.Contains(t, values[class+"/units"], c["unit_of_measurement"])
	}
	if c["json_attributes_template"] != nil {
		require.NotEmpty(t, c["json_attributes_topic"])
	}
}

func checkAvailability(t *testing.T, c map[string]any) {
	t.Helper()
	require.Contains(t, values["availability_mode"], c["availability_mode"])
	require.NotEmpty(t, c["availability"])
	for _, a := range c["availability"].([]any) {
		entry := a.(map[string]any)
		require.Subset(t, values["keys of availability"], slices.Collect(maps.Keys(entry)))
		require.Regexp(t, topicPattern, entry["topic"])
	}
}

func checkKeys(t *testing.T, c map[string]any, keys map[string]kind) {
	t.Helper()
	for key, value := range c {
		require.Contains(t, keys, key)
		switch keys[key] {
		case topicName:
			require.Regexp(t, topicPattern, value, key)
		case text, template:
			require.NotEmpty(t, value, key)
			require.IsType(t, "", value, key)
		case number:
			require.IsType(t, 0.0, value, key)
		case textList:
			require.IsType(t, []any{}, value, key)
			require.NotEmpty(t, value, key)
		}
	}
}

func fullDevice() Device {
	return Device{
		ID: "halfmeg_door", Name: "Door", Model: "Raspberry Pi 5", Version: "v1.2.3",
		Topics: Topics{
			Availability: "halfmeg/door/availability", Camera: "halfmeg/door/camera", State: "halfmeg/door/state",
			Events: "halfmeg/door/events", Snapshot: "halfmeg/door/snapshot", Diagnostics: "halfmeg/door/diagnostics",
			Measured: Measured{true, true, true, true, true},
		},
		Sensors: []Sensor{
			{ID: "seen_dog", Name: "dog", Topic: "halfmeg/door/seen/dog"},
			{ID: "seen_hot_dog", Name: "hot dog", Topic: "halfmeg/door/seen/hot_dog"},
		},
	}
}

func TestConfig(t *testing.T) {
	require.Equal(t, "homeassistant/device/halfmeg_door/config", DiscoveryTopic(DefaultPrefix, fullDevice().ID))
	require.Equal(t, "homeassistant/status", StatusTopic(DefaultPrefix))
	message, err := fullDevice().Config(nil)
	require.NoError(t, err)
	components := checkConfig(t, message)
	platforms := map[string]string{}
	for id, c := range components {
		platforms[id] = c["p"].(string)
	}
	require.Equal(t, map[string]string{
		"class": "sensor", "seen_dog": "binary_sensor", "seen_hot_dog": "binary_sensor", "event": "event", "snapshot": "image",
		"camera": "binary_sensor", "frame_rate": "sensor", "temperature": "sensor", "throttled": "binary_sensor",
		"problem": "binary_sensor", "undervoltage": "binary_sensor", "memory": "sensor", "space": "sensor",
	}, platforms)
	require.Equal(t, "halfmeg_door_seen_dog", components["seen_dog"]["unique_id"])
	require.Len(t, components["seen_dog"]["availability"], 2, "what is seen needs the camera")
	for _, id := range []string{"camera", "frame_rate", "temperature", "throttled", "problem", "undervoltage", "memory", "space"} {
		require.Equal(t, "diagnostic", components[id]["entity_category"])
		require.NotContains(t, components[id], "availability", "it is available without the camera")
	}
}

func TestOmittedEntities(t *testing.T) {
	d := fullDevice()
	d.Sensors, d.Topics.Snapshot, d.Topics.Measured = nil, "", Measured{}
	message, err := d.Config(nil)
	require.NoError(t, err)
	require.Equal(t, []string{"camera", "class", "event", "frame_rate", "problem"}, slices.Sorted(maps.Keys(checkConfig(t, message))))
}

func TestRemoval(t *testing.T) {
	old, err := fullDevice().Config(nil)
	require.NoError(t, err)
	d := fullDevice()
	require.Empty(t, d.Stale(old))
	d.Sensors, d.Topics.Snapshot = d.Sensors[1:], ""
	stale := d.Stale(old)
	require.Equal(t, map[string]string{"seen_dog": "binary_sensor", "snapshot": "image"}, stale)

	removal, err := d.Config(stale)
	require.NoError(t, err)
	components := checkConfig(t, removal)
	require.Equal(t, map[string]any{"p": "binary_sensor"}, components["seen_dog"])
	require.Equal(t, map[string]any{"p": "image"}, components["snapshot"])
	require.Len(t, components["seen_hot_dog"], 9)

	for _, foreign := range []string{"", "[]", `{"cmps":[]}`, `{"cmps":{"a/b":{"p":"sensor"},"x":{"p":"siren"},"y":{},"":{"p":"sensor"}}}`} {
		require.Empty(t, d.Stale([]byte(foreign)), foreign)
	}
}

func TestName(t *testing.T) {
	for name, want := range map[string]string{
		"tench":                       "tench",
		" a\x00b\nc\xff ":             "a b c\uFFFD",
		strings.Repeat("ä", 60):       strings.Repeat("ä", 60),
		"a" + strings.Repeat("ä", 60): "a" + strings.Repeat("ä", 59) + "…",
	} {
		require.Equal(t, want, Name(name))
	}
}

func FuzzConfig(f *testing.F) {
	f.Add("dog", "Door", []byte(`{"cmps":{"seen_cat":{"p":"sensor"}}}`))
	f.Add("</script>{{ states('x') }}", "a/b+#\x00", []byte(`{"cmps":{"a/b":{"p":"sensor"}}}`))
	f.Add(strings.Repeat("ä", 500), "\xff", []byte("{"))
	f.Fuzz(func(t *testing.T, label, name string, old []byte) {
		d := fullDevice()
		d.Name = name
		d.Sensors[0].Name = label
		message, err := d.Config(d.Stale(old))
		require.NoError(t, err)
		components := checkConfig(t, message)
		require.Equal(t, "halfmeg_door_seen_dog", components["seen_dog"]["unique_id"])
		require.Equal(t, "{{ value_json.name }}", components["class"]["value_template"], "labels never get into templates")
	})
}
