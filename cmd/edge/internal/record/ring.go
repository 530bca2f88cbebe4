package record

import (
	"slices"

	"halfmeg/cmd/edge/internal/snapshot"
)

// ring holds the last pictures of a camera.
type ring struct {
	size  int
	last  float64 // seconds of the run
	taken []taken // the oldest first
}

// taken is a picture and when it was taken, in seconds of the run.
type taken struct {
	picture *snapshot.Snapshot
	at      float64
}

func (r *ring) add(p *snapshot.Snapshot, at float64) {
	if len(r.taken) > 0 && at < r.last+preRollInterval {
		return
	}
	r.last = at
	if len(r.taken) == r.size {
		r.taken = slices.Delete(r.taken, 0, 1)
	}
	r.taken = append(r.taken, taken{p, at})
	for bytes := r.bytes(); bytes > maxHeld; bytes = r.bytes() {
		r.taken = slices.Delete(r.taken, 0, 1)
	}
}

func (r *ring) bytes() int {
	sum := 0
	for _, t := range r.taken {
		sum += t.picture.Size()
	}
	return sum
}

// pictures returns those just before a time, not those from before a failure of the
// camera.
func (r *ring) pictures(at float64) []*snapshot.Snapshot {
	oldest := at - 2*preRollInterval*float64(r.size+1)
	var list []*snapshot.Snapshot
	for _, t := range r.taken {
		if t.at >= oldest {
			list = append(list, t.picture)
		}
	}
	return list
}
