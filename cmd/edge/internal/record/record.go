// Package record keeps a picture and a JSON file of each event in folders of days, and
// a table of all events of a day:
//
//	2026-11-27/20261127T081502.250Z-5d2f01aa-robin.jpg
//	2026-11-27/20261127T081502.250Z-5d2f01aa-robin.json
//	2026-11-27/20261127T081502.250Z-5d2f01aa-pre1.jpg
//	2026-11-27/events.csv
//
// The JSON is the event, in the form of package decision, with the picture's name. When
// the event ends it is replaced by the one with the end and the peak, and the picture by
// that of the most certain frame, if that is clearly better. The pre-roll are pictures
// of the seconds before, pre1 the oldest. events.csv has a line for each event that has
// ended, in the folder of the day on which it began.
//
// # Limits
//
// The oldest events are deleted so that bytes and number stay within their limits, also
// what an earlier run has left. Bytes are counted in blocks of 4 KiB, as a file system
// stores them. Only files with names as above are ever deleted or counted.
// The oldest is what has the first name, except that what this run has recorded is
// newer than the rest: a Pi whose clock starts in 1970 keeps what it sees now.
//
// The limit of days deletes one folder when recording starts, and then one an hour. So
// a clock that jumps years ahead, and back an hour later, costs one or two days, not all
// of them. A clock in the past deletes nothing by age.
//
// Some space of the card is left to others. At this floor the oldest events make room
// for new ones, but not for much more than these need: if something else fills the card,
// recording stops until there is room again.
//
// # Wear of the card
//
// A file is written under a temporary name and renamed. The first picture and JSON of an
// event are synced to the card, because a power cut may be part of what was to be seen;
// what replaces them at the end of the event, the pre-roll and the table are not, and a
// power cut within half a minute leaves the first version, or a table without its last
// lines. An event with pictures of 60 kB writes 160 kB, measured on ext4 with both
// pictures, JSON, table and journal. At 200 events a day that is 32 MB a day and 12 GB a
// year, less than a card of 16 GB once over. Each picture of the pre-roll adds its 60 kB.
// 2 GB hold 30,000 such events.
package record

import (
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
)

// Config says what to record, and how much of it to keep. A limit of 0 is none.
type Config struct {
	Dir string // is created if it is missing

	// Events are the classes and groups to record: any name of a label, the
	// whole label, "#" with the class's index, or a group's name, without regard to
	// case. None means all.
	Events []string

	MaxBytes int64 // of all files
	MaxCount int   // events
	MaxDays  int   // days before today
	MinFree  int64 // bytes of the card that are left to others
	PreRoll  int   // pictures from before an event, half a second apart

	// Warn, which may be nil, is told for people that recording has stopped, why,
	// and that it goes on again. It is called by the sink's goroutine.
	Warn func(error)
}

const (
	// MaxPreRoll bounds Config.PreRoll.
	MaxPreRoll = 10

	// preRollInterval is the time between two pictures of the pre-roll, in seconds.
	preRollInterval = 0.5

	// maxHeld bounds the memory of the pictures that are held for events, and of
	// those for the pre-roll, in bytes: eight frames of 1080p as YUYV.
	maxHeld = 32 << 20

	// peakStep is by how much the probability must exceed that of the last picture
	// to be worth another.
	peakStep = 0.05

	// quality of JPEGs that the camera did not send itself.
	quality = 85

	// lowMargin is by how much the free space may be below the floor at the start, when
	// the oldest events can make room, and by how much it must be above after a stop,
	// or recording would stop again at once.
	lowMargin = 16 << 20

	// minRetry and maxRetry are between two tries while the folder cannot be written.
	minRetry = time.Second
	maxRetry = 5 * time.Minute
)

// Sink records events.
type Sink struct {
	config  Config
	names   map[string]bool // Config.Events, in lower case
	store   *store
	started bool // the store has been opened once, or it was tried
	rings   map[string]*ring
	on      []*sighting // not yet gone, in the order of appearance

	retry    time.Time // not before; zero while recording works
	wait     time.Duration
	refused  bool // an event could not be written, though the folder could be opened
	low      bool // the last failure was that too little was free
	lost     int  // events since recording stopped
	expireAt time.Time

	mu   sync.Mutex
	want wants
}

// wants is what WantsPicture has to know.
type wants struct {
	best map[subject]float64 // probability of the best picture of what is on
	pre  map[string]float64  // when the last picture of a camera's pre-roll was taken, in seconds of the run
}

// subject is a class or group that a camera sees.
type subject struct {
	camera string
	class  int // -1 for a group
	name   string
}

// sighting is an event from when it appears until it is gone.
type sighting struct {
	subject subject
	event   decision.Event
	picture *snapshot.Snapshot   // the best one, unless it is written
	best    float64              // its probability
	pre     []*snapshot.Snapshot // unless they are written
	jpg     string               // name of the picture; empty if there is none yet
	dirty   bool                 // the event is not written
	written bool                 // something is written
}

// New returns a sink. A folder that cannot be written is not its error: that may
// change while the sink runs.
func New(c Config) (*Sink, error) {
	switch {
	case c.Dir == "":
		return nil, errors.New("no folder to record in")
	case c.PreRoll < 0 || c.PreRoll > MaxPreRoll:
		return nil, fmt.Errorf("a pre-roll of %d pictures: from 0 to %d are possible", c.PreRoll, MaxPreRoll)
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

// chosen reports whether an event is to be recorded.
func (s *Sink) chosen(e *decision.Event) bool {
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

// WantsPicture asks for the first picture of an event, a better one while it goes on,
// and those of the pre-roll.
func (s *Sink) WantsPicture(o *pipeline.Observation) bool {
	if !o.HasFrame() {
		return false
	}
	for i := range o.Events {
		if e := &o.Events[i]; e.Type == decision.Appeared && s.chosen(e) {
			return true
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, ok := s.want.pre[o.Camera]; s.config.PreRoll > 0 && (!ok || o.Elapsed >= last+preRollInterval) {
		return true
	}
	for _, a := range o.Answers {
		if best, ok := s.want.best[subject{o.Camera, a.Index, a.Name}]; ok && a.Probability >= best+peakStep {
			return true
		}
	}
	return false
}

// Observe records the events of an observation. It returns no error: recording stops
// and goes on by itself.
func (s *Sink) Observe(o *pipeline.Observation) error {
	s.keepPeak(o)
	for _, e := range o.Events {
		if !s.chosen(&e) {
			continue
		}
		if e.Type == decision.Appeared {
			s.appear(o, e)
		} else {
			s.end(o, e)
		}
	}
	s.keepPreRoll(o)
	s.publish()
	s.save(false)
	return nil
}

// Close writes what is left.
func (s *Sink) Close() error {
	s.save(true)
	for _, v := range s.on {
		if v.dirty {
			s.lost++
		}
	}
	if s.lost > 0 {
		s.config.Warn(fmt.Errorf("not recorded in %s: %s", s.config.Dir, events(s.lost)))
	}
	s.store.close()
	return nil
}

// keepPeak holds the picture of the frame in which something is most certain so far.
func (s *Sink) keepPeak(o *pipeline.Observation) {
	if o.Snapshot == nil {
		return
	}
	for _, a := range o.Answers {
		for _, v := range s.on {
			if v.subject == (subject{o.Camera, a.Index, a.Name}) && a.Probability >= v.best+peakStep && s.mayHold(o.Snapshot) {
				v.picture, v.best = o.Snapshot, a.Probability
			}
		}
	}
}

// mayHold reports whether there is room for another picture in memory.
func (s *Sink) mayHold(p *snapshot.Snapshot) bool {
	held := []*snapshot.Snapshot{p}
	size := p.Size()
	for _, v := range s.on {
		for _, other := range append(v.pre, v.picture) {
			if other != nil && !slices.Contains(held, other) {
				held = append(held, other)
				size += other.Size()
			}
		}
	}
	return size <= maxHeld
}

func (s *Sink) appear(o *pipeline.Observation, e decision.Event) {
	v := &sighting{subject: subjectOf(o.Camera, &e), event: e, best: -1, dirty: true}
	working := s.retry.IsZero() // then the pictures are written at once
	if o.Snapshot != nil && (working || s.mayHold(o.Snapshot)) {
		v.picture, v.best = o.Snapshot, e.Probability
	}
	if r := s.rings[o.Camera]; r != nil && working {
		v.pre = r.pictures(o.Elapsed)
	}
	s.on = append(s.on, v)
}

func subjectOf(camera string, e *decision.Event) subject {
	if e.Class == nil {
		return subject{camera, -1, e.Name}
	}
	return subject{camera, *e.Class, e.Name}
}

// end notes the end of an event, also of one whose beginning was missed.
func (s *Sink) end(o *pipeline.Observation, e decision.Event) {
	i := slices.IndexFunc(s.on, func(v *sighting) bool { return v.event.ID == e.ID })
	if i < 0 {
		i = len(s.on)
		s.on = append(s.on, &sighting{subject: subjectOf(o.Camera, &e)})
	}
	s.on[i].event, s.on[i].dirty = e, true
}

func (s *Sink) keepPreRoll(o *pipeline.Observation) {
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

// publish tells WantsPicture what is on.
func (s *Sink) publish() {
	if len(s.on) == 0 && len(s.rings) == 0 && len(s.want.best) == 0 { // only Observe writes want
		return
	}
	w := wants{best: make(map[subject]float64, len(s.on)), pre: make(map[string]float64, len(s.rings))}
	for _, v := range s.on {
		if v.event.Type == decision.Appeared {
			w.best[v.subject] = v.best
		}
	}
	for camera, r := range s.rings {
		w.pre[camera] = r.last
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.want = w
}

// save writes what is not written. While recording does not work it tries only now and
// then, or at the end of the run.
func (s *Sink) save(last bool) {
	now := time.Now()
	if s.due(now) || last && s.waiting() {
		if err := s.write(now); err != nil {
			s.fail(now, err)
		} else {
			s.resume()
		}
	}
	s.on = slices.DeleteFunc(s.on, func(v *sighting) bool {
		if v.event.Type != decision.Gone {
			return false
		}
		if v.dirty {
			s.lost++
		}
		return true
	})
}

// due reports whether it is time to write. After an event was refused, only another one
// shows whether recording works again.
func (s *Sink) due(now time.Time) bool {
	return s.retry.IsZero() || !now.Before(s.retry) && (!s.refused || s.waiting())
}

// waiting reports whether there is anything to write.
func (s *Sink) waiting() bool {
	return slices.ContainsFunc(s.on, func(v *sighting) bool { return v.dirty })
}

func (s *Sink) write(now time.Time) error {
	if !s.started || !s.retry.IsZero() {
		s.started = true
		margin := int64(-lowMargin)
		if s.low {
			margin = lowMargin
		}
		if err := s.store.open(margin); err != nil {
			return err
		}
	}
	for _, v := range s.on {
		if !v.dirty {
			continue
		}
		if err := s.writeSighting(v); err != nil {
			s.refused = true
			return err
		}
	}
	if now.Before(s.expireAt) {
		return nil
	}
	s.expireAt = now.Add(time.Hour)
	return s.store.expire()
}

// fail stops recording for a time.
func (s *Sink) fail(now time.Time, err error) {
	s.store.close()
	s.low = errors.As(err, new(*lowError))
	if s.retry.IsZero() {
		s.wait = minRetry
		s.config.Warn(fmt.Errorf("recording in %s stopped: %w; retrying", s.config.Dir, err))
	} else {
		s.wait = min(2*s.wait, maxRetry)
	}
	s.retry = now.Add(s.wait)
}

// resume notes that recording works.
func (s *Sink) resume() {
	if s.retry.IsZero() {
		return
	}
	s.retry, s.refused, s.low = time.Time{}, false, false
	missing := ""
	if s.lost > 0 {
		missing = fmt.Sprintf("; not recorded: %s", events(s.lost))
	}
	s.config.Warn(fmt.Errorf("recording in %s resumed%s", s.config.Dir, missing))
	s.lost = 0
}

// events counts them for people.
func events(n int) string {
	if n == 1 {
		return "1 event"
	}
	return fmt.Sprintf("%d events", n)
}

// writeSighting writes the files of an event, and its line of the table if it is gone.
func (s *Sink) writeSighting(v *sighting) error {
	e := v.event
	id, name := fileID(&e), fileName(e.Name)
	day := dayOf(e.Start)
	jpg := v.jpg
	if !s.store.exists(day, jpg) { // deleted as the oldest, or there was none
		jpg = ""
	}
	var files []file
	for i, p := range v.pre {
		if data, err := p.JPEG(0, quality); err == nil {
			files = append(files, file{name: fmt.Sprintf("%s-pre%d.jpg", id, i+1), data: data})
		}
	}
	if v.picture != nil {
		if data, err := v.picture.JPEG(0, quality); err == nil { // else the event has no picture
			jpg = id + "-" + name + ".jpg"
			files = append(files, file{name: jpg, data: data, sync: !v.written})
		}
	}
	e.Snapshot = jpg
	data, err := json.MarshalIndent(&e, "", "  ")
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
	v.picture, v.pre, v.jpg, v.dirty, v.written = nil, nil, jpg, false, true
	return nil
}
