package homeassistant

import (
	"encoding/json"
	"slices"

	"halfmeg/internal/lazyregexp"
)

// maxStale limits the number of components of a message that Stale reads.
const maxStale = 1000

// platforms are those that this package uses or has used.
var platforms = []string{"binary_sensor", "event", "image", "sensor"}

var objectID = lazyregexp.New(`^[a-z0-9_-]{1,64}$`)

// Stale reads the retained discovery message of an earlier run and returns the platforms
// of components that the device no longer has, by ID. Home Assistant keeps them until
// Config removes them. The message is untrusted: any client of the broker may have
// published it.
func (d Device) Stale(message []byte) map[string]string {
	var old struct {
		Components map[string]struct {
			Platform string `json:"p"`
		} `json:"cmps"`
	}
	if json.Unmarshal(message, &old) != nil || len(old.Components) > maxStale {
		return nil
	}
	current := d.components()
	stale := map[string]string{}
	for id, c := range old.Components {
		if current[id] == nil && objectID().MatchString(id) && slices.Contains(platforms, c.Platform) {
			stale[id] = c.Platform
		}
	}
	return stale
}
