package homeassistant

import (
	"encoding/json"
	"regexp"
	"slices"
)

// maxStale bounds how many components of a foreign message are read.
const maxStale = 1000

// ourPlatforms are the kinds of entities that a device of ours may have had.
var ourPlatforms = []string{"binary_sensor", "event", "image", "sensor"}

var objectID = regexp.MustCompile(`^[a-z0-9_-]{1,64}$`)

// Stale reads a retained discovery message of an earlier run and returns the
// components that the device no longer has, with their platforms. Home Assistant
// keeps them until it is told. The message comes from the broker: anybody may have
// written it.
func (d Device) Stale(message []byte) map[string]string {
	var old struct {
		Components map[string]struct {
			Platform string `json:"p"`
		} `json:"cmps"`
	}
	if json.Unmarshal(message, &old) != nil || len(old.Components) > maxStale {
		return nil
	}
	have := d.components()
	stale := map[string]string{}
	for id, c := range old.Components {
		if have[id] == nil && objectID.MatchString(id) && slices.Contains(ourPlatforms, c.Platform) {
			stale[id] = c.Platform
		}
	}
	return stale
}
