package decision

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Decider holds the state of one camera. It is not safe for concurrent use.
type Decider struct {
	config Config
	labels []string // one per class
	names  []string // the first name of each label
	shown  []bool   // per class: whether it is allowed
	groups []Group  // the allowed groups

	started  bool          // whether there was a frame since New or the last End
	last     time.Time     // time of the last frame
	elapsed  time.Duration // sum of the times between frames; never decreases
	terms    []float64     // unnormalised softmax: exp(logit - largest)
	smoothed []float64     // probability of each class, then of each group
	tracks   []track       // of each class, then of each group
	order    []int         // of the answers: indices into tracks
	answers  []Answer
}

// New returns a Decider for a network with these labels, one per class. For a network
// without labels pass empty ones: such a class is named "class 7", for example. The
// error for an unknown name suggests the most similar known one.
func New(labels []string, c Config) (*Decider, error) {
	if err := c.check(len(labels)); err != nil {
		return nil, err
	}
	d := &Decider{config: c, labels: named(labels), names: make([]string, len(labels))}
	for i, label := range d.labels {
		d.names[i] = splitLabel(label)[0]
	}
	if err := d.choose(); err != nil {
		return nil, err
	}
	d.terms = make([]float64, len(labels))
	d.smoothed = make([]float64, len(labels)+len(d.groups))
	d.tracks = make([]track, len(labels)+len(d.groups))
	d.order = make([]int, 0, min(c.TopK, len(labels))+len(d.groups))
	d.answers = make([]Answer, 0, cap(d.order))
	return d, nil
}

// ReportsClass reports whether events of a class are possible, which Allow and Deny decide.
func (d *Decider) ReportsClass(class int) bool { return d.shown[class] }

// ReportsGroup reports whether events of a group are possible.
func (d *Decider) ReportsGroup(name string) bool {
	return slices.ContainsFunc(d.groups, func(g Group) bool { return fold(g.Name) == fold(name) })
}

// Decide processes the logits of a frame, one per class, that was taken at the given time.
// Times between frames are monotonic if both have a monotonic reading, which time.Now
// returns and Truncate and Round remove. Without it, a clock that was set back counts as
// no elapsed time. A NaN counts as probability 0. A frame whose logits are all NaN or -Inf
// is ignored.
func (d *Decider) Decide(logits []float32, at time.Time) Decision {
	if len(logits) != len(d.labels) {
		panic(fmt.Sprintf("decision: %d logits for %d classes", len(logits), len(d.labels)))
	}
	sum := softmax(d.terms, logits)
	if sum == 0 {
		return Decision{Answers: d.answers}
	}
	step := d.since(at)
	var events []Event
	if d.config.MaxGap > 0 && step > d.config.MaxGap {
		events = d.close()
	}
	d.smooth(sum, step)
	d.elapsed += step
	d.started, d.last = true, at
	events = d.follow(events)
	d.answer()
	return Decision{Answers: d.answers, Events: events}
}

// End ends all sightings, at the end of a run or when the camera is lost. They end at the
// given time, or at their last frame if MaxGap has passed since that. The next frame
// starts from scratch.
func (d *Decider) End(at time.Time) []Event {
	step := d.since(at)
	if step > 0 && (d.config.MaxGap == 0 || step <= d.config.MaxGap) {
		d.elapsed += step
		for i := range d.tracks {
			if t := &d.tracks[i]; t.on && !t.turning {
				t.see(d.elapsed, at)
			}
		}
	}
	return d.close()
}

// since returns the time from the last frame to at.
func (d *Decider) since(at time.Time) time.Duration {
	if !d.started {
		return 0
	}
	return max(0, at.Sub(d.last))
}

// close ends all sightings at their last frames, and discards the history.
func (d *Decider) close() []Event {
	var events []Event
	for i := range d.tracks {
		if d.tracks[i].on {
			events = append(events, d.event(i, Gone))
		}
	}
	clear(d.tracks)
	d.answers = d.answers[:0]
	d.started = false
	return events
}

// smooth updates the probabilities with a frame's softmax terms and their sum.
func (d *Decider) smooth(sum float64, step time.Duration) {
	old := 0.0 // weight of the past
	if d.started && d.config.HalfLife > 0 {
		old = math.Exp2(-step.Seconds() / d.config.HalfLife.Seconds())
	}
	scale := (1 - old) / sum
	for i, term := range d.terms {
		d.smoothed[i] = old*d.smoothed[i] + scale*term
	}
	for g, group := range d.groups {
		total := 0.0
		for _, class := range group.Classes {
			total += d.smoothed[class]
		}
		// Rounding may make the sum exceed 1.
		d.smoothed[len(d.labels)+g] = min(total, 1)
	}
}

// softmax computes the unnormalised terms of softmax and returns their sum. The sum is at
// least 1, because the largest logit is subtracted, or 0 if all logits are NaN or -Inf.
func softmax(terms []float64, logits []float32) float64 {
	largest := float32(math.Inf(-1))
	for _, l := range logits {
		if l > largest { // false for NaN
			largest = l
		}
	}
	if math.IsInf(float64(largest), -1) {
		return 0
	}
	var sum float64
	for i, l := range logits {
		term := 0.0
		if l == largest { // even if it is +Inf
			term = 1
		} else if x := float64(l) - float64(largest); x > -100 { // smaller terms do not affect the sum; false for NaN
			term = math.Exp(x)
		}
		terms[i] = term
		sum += term
	}
	return sum
}

// answer lists the most probable classes, then the groups.
func (d *Decider) answer() {
	d.order = d.order[:0]
	classes := min(d.config.TopK, len(d.labels))
	for i, shown := range d.shown {
		if shown {
			d.order = insert(d.order, d.smoothed, i, 0, classes)
		}
	}
	first := len(d.order)
	for g := range d.groups {
		d.order = insert(d.order, d.smoothed, len(d.labels)+g, first, first+len(d.groups))
	}
	d.answers = d.answers[:0]
	for _, i := range d.order {
		a := Answer{Index: -1, Probability: round(d.smoothed[i]), On: d.tracks[i].on}
		if i < len(d.labels) {
			a.Index, a.Name, a.Label = i, d.names[i], d.labels[i]
		} else {
			a.Name, a.Group = d.groups[i-len(d.labels)].Name, true
		}
		d.answers = append(d.answers, a)
	}
}

// insert inserts i into order[from:], which is sorted by descending value, after equal
// ones. order keeps at most limit elements.
func insert(order []int, values []float64, i, from, limit int) []int {
	at := len(order)
	for at > from && values[order[at-1]] < values[i] {
		at--
	}
	if at == limit {
		return order
	}
	if len(order) < limit {
		order = append(order, 0)
	}
	copy(order[at+1:], order[at:])
	order[at] = i
	return order
}

// round rounds to six decimals, for short JSON.
func round(p float64) float64 { return math.Round(p*1e6) / 1e6 }
