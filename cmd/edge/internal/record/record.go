// Package record is a sink that stores a picture and a JSON file of each event in folders
// of days, and a table of all events of a day:
//
//	2026-11-27/20261127T081502.250Z-5d2f01aa-robin.jpg
//	2026-11-27/20261127T081502.250Z-5d2f01aa-robin.json
//	2026-11-27/20261127T081502.250Z-5d2f01aa-pre1.jpg
//	2026-11-27/events.csv
//	2026-11-27/20261127T081630.125Z-9e107d9d-button.jpg
//	2026-11-27/20261127T081630.125Z-9e107d9d-button.json
//
// The JSON is a decision.Event with the name of the picture. When the event ends, the
// JSON is replaced by one with end and peak, and the picture by that of the frame with the
// highest probability, if it is higher by peakStep. The pre-roll is pictures from the
// seconds before the event; pre1 is the oldest. events.csv has a line for each event that
// has ended, in the folder of the day on which the event began.
//
// Request keeps the picture of each camera's next frame with a reason, such as "button". It counts as
// an event within the limits, but is not in the table.
//
// # Limits
//
// The oldest events, including those of earlier runs, are deleted to keep bytes and count
// within their limits. Bytes are counted in blocks of 4 KiB, the allocation unit of the
// file system. Only files with names as above are counted or deleted. The oldest event is
// the first by name, but days to which this run has added events count as newer than all
// others. So a Pi whose clock starts in 1970 keeps its latest events.
//
// The limit of days deletes one folder when recording starts and then one per hour. So a
// clock that jumps years ahead, and back an hour later, costs one or two days, not all of
// them. A clock in the past deletes nothing by age.
//
// Some space on the card is reserved for others. When it is reached, the oldest events
// are deleted for new ones, but not much more than these need: if something else fills
// the card, recording stops until there is space again.
//
// # Wear of the card
//
// Files are written under a temporary name and renamed. The first picture and JSON of an
// event are synced to the card, because they may show what caused a power cut. The files
// that replace them at the end of the event, the pre-roll and the table are not synced: a
// power cut within half a minute leaves the first version, and a table without its last
// lines. An event with pictures of 60 kB writes 160 kB, measured on ext4 with both
// pictures, JSON, table and journal. 200 such events a day write 32 MB, which is 12 GB a
// year, less than the capacity of a 16 GB card. Each picture of the pre-roll adds 60 kB. 2 GB
// hold 30,000 such events.
package record

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/cmd/edge/internal/snapshot"
	"halfmeg/cmd/edge/internal/text"
)

// Config says what to record and how much of it to keep. A limit of 0 means no limit.
type Config struct {
	Dir string // created if it does not exist

	// Events are the classes and groups to record: a name in a label, a whole label,
	// "#" with a class's index, or a group's name, in upper or lower case. All if empty.
	Events []string

	MaxBytes int64 // of all files
	MaxCount int   // events
	MaxDays  int   // days before today
	MinFree  int64 // bytes of the file system to keep free
	PreRoll  int   // pictures from before an event, half a second apart

	// Warn is called when recording stops, with the reason, and when it resumes. It is
	// called by the goroutine that calls the sink, and may be nil.
	Warn func(error)
}

const (
	// MaxPreRoll is the maximum of Config.PreRoll.
	MaxPreRoll = 10

	// preRollInterval is the time between two pictures of the pre-roll, in seconds.
	preRollInterval = 0.5

	// maxPictureBytes limits the memory of pictures kept for events, and of those kept
	// for a camera's pre-roll: eight frames of 1080p as YUYV.
	maxPictureBytes = 32 << 20

	// peakStep is the minimum increase of the probability for which a picture is
	// replaced.
	peakStep = 0.05

	// quality of JPEGs that are encoded here, not by the camera.
	quality = 85

	// freeMargin is how far the free space may be below MinFree when recording starts,
	// because the oldest events can be deleted, and how far above MinFree it must be to
	// resume, or recording would soon stop again.
	freeMargin = 16 << 20

	// minRetry and maxRetry are the delays between two attempts while the folder cannot
	// be written.
	minRetry = time.Second
	maxRetry = 5 * time.Minute
)

// Sink records events.
type Sink struct {
	config  Config
	names   map[string]bool // Config.Events, in lower case
	store   *store
	started bool             // the first attempt to open the store was made
	rings   map[string]*ring // by camera
	active  []*sighting      // events that are not gone, in the order of appearance

	retryAt     time.Time // zero while recording works
	retryDelay  time.Duration
	eventFailed bool // the folder could be opened, but an event could not be written
	lowSpace    bool // the last failure was too little free space
	lost        int  // events not recorded since recording stopped
	expireAt    time.Time

	mu       sync.Mutex
	pictures pictureState
	request  request
}

// pictureState is what WantsPicture, which another goroutine calls, reads.
type pictureState struct {
	best    map[subject]float64 // probability of the best picture of each active event
	preRoll map[string]float64  // time of the last pre-roll picture of each camera, in seconds of the run
}

// subject is a class or group as seen by a camera.
type subject struct {
	camera string
	class  int // -1 for a group
	name   string
}

// sighting is an active event, with its pictures that are not written yet.
type sighting struct {
	subject subject
	event   decision.Event
	reason  string               // of a requested picture; empty for an event
	picture *snapshot.Snapshot   // the best one; nil if it is written
	best    float64              // probability of the best picture
	preRoll []*snapshot.Snapshot // nil if they are written
	jpg     string               // name of the picture's file; empty if there is none
	dirty   bool                 // the event has changed since it was written
	written bool                 // the event was written at least once
}

// New checks a configuration and returns a sink. It does not check the folder, which may
// become writable later.
func New(c Config) (*Sink, error) {
	switch {
	case c.Dir == "":
		return nil, errors.New("no folder to record in")
	case c.PreRoll < 0 || c.PreRoll > MaxPreRoll:
		return nil, fmt.Errorf("a pre-roll of %d pictures: expected 0 to %d", c.PreRoll, MaxPreRoll)
	case min(c.MaxBytes, c.MinFree, int64(c.MaxCount), int64(c.MaxDays)) < 0:
		return nil, errors.New("a limit of recording is negative")
	}
	if c.Warn == nil {
		c.Warn = func(error) {}
	}
	s := &Sink{config: c, names: map[string]bool{}, store: newStore(c), rings: map[string]*ring{}}
	for _, name := range c.Events {
		s.names[fold(name)] = true
	}
	return s, nil
}

func fold(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// selects reports whether to record an event.
func (s *Sink) selects(e *decision.Event) bool {
	if len(s.names) == 0 || s.names[fold(e.Name)] || s.names[fold(e.Label)] {
		return true
	}
	if e.Class != nil && s.names["#"+strconv.Itoa(*e.Class)] {
		return true
	}
	for name := range strings.SplitSeq(e.Label, ",") {
		if s.names[fold(name)] {
			return true
		}
	}
	return false
}

// WantsPicture reports whether the observation's picture is needed: as the first picture
// of an event, as a better one, for the pre-roll, or because of a Request.
func (s *Sink) WantsPicture(o *pipeline.Observation) bool {
	if !o.HasFrame() {
		return false
	}
	for i := range o.Events {
		if e := &o.Events[i]; e.Type == decision.Appeared && s.selects(e) {
			return true
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.request.pending(o.Camera) {
		return true
	}
	if last, ok := s.pictures.preRoll[o.Camera]; s.config.PreRoll > 0 && (!ok || o.Elapsed >= last+preRollInterval) {
		return true
	}
	for _, a := range o.Answers {
		if best, ok := s.pictures.best[subject{o.Camera, a.Index, a.Name}]; ok && a.Probability >= best+peakStep {
			return true
		}
	}
	return false
}

// Observe records the events of an observation. It never returns an error: after a
// failure it retries, and it reports that by Config.Warn.
func (s *Sink) Observe(o *pipeline.Observation) error {
	s.updatePeaks(o)
	for _, e := range o.Events {
		if !s.selects(&e) {
			continue
		}
		if e.Type == decision.Appeared {
			s.appear(o, e)
		} else {
			s.end(o, e)
		}
	}
	s.keepRequested(o)
	s.updatePreRoll(o)
	s.updatePictureState()
	s.save(false)
	return nil
}

// Close writes what is not written yet.
func (s *Sink) Close() error {
	s.save(true)
	for _, v := range s.active {
		if v.dirty {
			s.lost++
		}
	}
	if s.lost > 0 {
		s.config.Warn(fmt.Errorf("not recorded in %s: %s", s.config.Dir, text.Count(s.lost, "event")))
	}
	s.store.close()
	return nil
}

// updatePeaks keeps the picture of each active event that now has its highest
// probability.
func (s *Sink) updatePeaks(o *pipeline.Observation) {
	if o.Snapshot == nil {
		return
	}
	for _, a := range o.Answers {
		for _, v := range s.active {
			if v.subject == (subject{o.Camera, a.Index, a.Name}) && a.Probability >= v.best+peakStep && s.canKeep(o.Snapshot) {
				v.picture, v.best = o.Snapshot, a.Probability
			}
		}
	}
}

// canKeep reports whether another picture can be kept in memory.
func (s *Sink) canKeep(p *snapshot.Snapshot) bool {
	kept := []*snapshot.Snapshot{p}
	size := p.Size()
	for _, v := range s.active {
		for _, other := range append(v.preRoll, v.picture) {
			if other != nil && !slices.Contains(kept, other) {
				kept = append(kept, other)
				size += other.Size()
			}
		}
	}
	return size <= maxPictureBytes
}

// appear adds an active event.
func (s *Sink) appear(o *pipeline.Observation, e decision.Event) {
	v := &sighting{subject: subjectOf(o.Camera, &e), event: e, best: -1, dirty: true}
	working := s.retryAt.IsZero() // the pictures are written in this call
	if o.Snapshot != nil && (working || s.canKeep(o.Snapshot)) {
		v.picture, v.best = o.Snapshot, e.Probability
	}
	if r := s.rings[o.Camera]; r != nil && working {
		v.preRoll = r.pictures(o.Elapsed)
	}
	s.active = append(s.active, v)
}

func subjectOf(camera string, e *decision.Event) subject {
	if e.Class == nil {
		return subject{camera, -1, e.Name}
	}
	return subject{camera, *e.Class, e.Name}
}

// end ends an event. The sink may have missed its beginning.
func (s *Sink) end(o *pipeline.Observation, e decision.Event) {
	i := slices.IndexFunc(s.active, func(v *sighting) bool { return v.event.ID == e.ID })
	if i < 0 {
		i = len(s.active)
		s.active = append(s.active, &sighting{subject: subjectOf(o.Camera, &e)})
	}
	s.active[i].event, s.active[i].dirty = e, true
}

func (s *Sink) updatePreRoll(o *pipeline.Observation) {
	if s.config.PreRoll == 0 || o.Snapshot == nil || !o.HasFrame() {
		return
	}
	r := s.rings[o.Camera]
	if r == nil {
		r = &ring{size: s.config.PreRoll}
		s.rings[o.Camera] = r
	}
	r.add(o.Snapshot, o.Elapsed)
}

// updatePictureState updates what WantsPicture reads.
func (s *Sink) updatePictureState() {
	if len(s.active) == 0 && len(s.rings) == 0 && len(s.pictures.best) == 0 { // no lock: only Observe writes pictures
		return
	}
	p := pictureState{best: make(map[subject]float64, len(s.active)), preRoll: make(map[string]float64, len(s.rings))}
	for _, v := range s.active {
		if v.event.Type == decision.Appeared {
			p.best[v.subject] = v.best
		}
	}
	for camera, r := range s.rings {
		p.preRoll[camera] = r.last
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pictures = p
}

// save writes the events that have changed. After a failure it does so only when the
// retry delay is over, or if last is set, at the end of the run.
func (s *Sink) save(last bool) {
	now := time.Now()
	if s.shouldWrite(now) || last && s.hasUnwritten() {
		if err := s.write(now); err != nil {
			s.fail(now, err)
		} else {
			s.resume()
		}
	}
	s.active = slices.DeleteFunc(s.active, func(v *sighting) bool {
		if v.event.Type == decision.Appeared {
			return false
		}
		if v.dirty {
			s.lost++
		}
		return true
	})
}

// shouldWrite reports whether recording works or should be retried. After an event could
// not be written, only another event can show whether recording works again.
func (s *Sink) shouldWrite(now time.Time) bool {
	return s.retryAt.IsZero() || !now.Before(s.retryAt) && (!s.eventFailed || s.hasUnwritten())
}

// hasUnwritten reports whether an event has changed since it was written.
func (s *Sink) hasUnwritten() bool {
	return slices.ContainsFunc(s.active, func(v *sighting) bool { return v.dirty })
}

func (s *Sink) write(now time.Time) error {
	if !s.started || !s.retryAt.IsZero() {
		s.started = true
		margin := int64(-freeMargin)
		if s.lowSpace {
			margin = freeMargin
		}
		if err := s.store.open(margin); err != nil {
			return err
		}
	}
	for _, v := range s.active {
		if !v.dirty {
			continue
		}
		if err := s.writeSighting(v); err != nil {
			s.eventFailed = true
			return err
		}
	}
	if now.Before(s.expireAt) {
		return nil
	}
	s.expireAt = now.Add(time.Hour)
	return s.store.expire()
}

// fail stops recording until the next attempt.
func (s *Sink) fail(now time.Time, err error) {
	s.store.close()
	s.lowSpace = errors.As(err, new(*spaceError))
	if s.retryAt.IsZero() {
		s.retryDelay = minRetry
		s.config.Warn(fmt.Errorf("recording in %s stopped: %w; retrying", s.config.Dir, err))
	} else {
		s.retryDelay = min(2*s.retryDelay, maxRetry)
	}
	s.retryAt = now.Add(s.retryDelay)
}

// resume reports that recording works again, if it had stopped.
func (s *Sink) resume() {
	if s.retryAt.IsZero() {
		return
	}
	s.retryAt, s.eventFailed, s.lowSpace = time.Time{}, false, false
	missing := ""
	if s.lost > 0 {
		missing = fmt.Sprintf("; not recorded: %s", text.Count(s.lost, "event"))
	}
	s.config.Warn(fmt.Errorf("recording in %s resumed%s", s.config.Dir, missing))
	s.lost = 0
}

// writeSighting writes the files of an event and, if it is gone, its line in the table.
func (s *Sink) writeSighting(v *sighting) error {
	e := v.event
	id, name := fileID(&e), fileName(cmp.Or(v.reason, e.Name))
	day := dayOf(e.Start)
	jpg := v.jpg
	if !s.store.exists(day, jpg) { // there was none, or it was deleted as the oldest
		jpg = ""
	}
	var files []file
	for i, p := range v.preRoll {
		if data, err := p.JPEG(0, quality); err == nil {
			files = append(files, file{name: fmt.Sprintf("%s-pre%d.jpg", id, i+1), data: data})
		}
	}
	if v.picture != nil {
		if data, err := v.picture.JPEG(0, quality); err == nil { // otherwise the event has no picture
			jpg = id + "-" + name + ".jpg"
			files = append(files, file{name: jpg, data: data, sync: !v.written})
		}
	}
	e.Snapshot = jpg
	data, err := json.MarshalIndent(description{&e, v.reason}, "", "  ")
	if err != nil {
		return err
	}
	files = append(files, file{name: id + "-" + name + ".json", data: append(data, '\n'), sync: !v.written})
	var line []string
	if e.Type == decision.Gone {
		line = row(&e)
	}
	if err := s.store.put(day, files, line); err != nil {
		return err
	}
	v.picture, v.preRoll, v.jpg, v.dirty, v.written = nil, nil, jpg, false, true
	return nil
}
