package record

import (
	"slices"

	"halfmeg/cmd/edge/internal/snapshot"
)

// ring holds the last pictures of a camera, for the pre-roll.
type ring struct {
	size    int
	last    float64     // time of the last picture, in seconds of the run
	entries []ringEntry // the oldest first
}

// ringEntry is a picture and its time in seconds of the run.
type ringEntry struct {
	picture *snapshot.Snapshot
	at      float64
}

// add adds a picture, unless it is too soon after the last one.
func (r *ring) add(p *snapshot.Snapshot, at float64) {
	if len(r.entries) > 0 && at < r.last+preRollInterval {
		return
	}
	r.last = at
	if len(r.entries) == r.size {
		r.entries = slices.Delete(r.entries, 0, 1)
	}
	r.entries = append(r.entries, ringEntry{p, at})
	for bytes := r.bytes(); bytes > maxPictureBytes; bytes = r.bytes() {
		r.entries = slices.Delete(r.entries, 0, 1)
	}
}

func (r *ring) bytes() int {
	sum := 0
	for _, t := range r.entries {
		sum += t.picture.Size()
	}
	return sum
}

// pictures returns the pictures just before a time. Older ones, from before a failure of
// the camera, are omitted.
func (r *ring) pictures(at float64) []*snapshot.Snapshot {
	oldest := at - 2*preRollInterval*float64(r.size+1)
	var list []*snapshot.Snapshot
	for _, t := range r.entries {
		if t.at >= oldest {
			list = append(list, t.picture)
		}
	}
	return list
}
