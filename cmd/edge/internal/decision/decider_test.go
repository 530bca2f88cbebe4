package decision

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// labels are the labels of a small network with two cranes. The last class takes the
// remaining probability.
var labels = []string{"tench, Tinca tinca", "crane", "tabby, tabby cat", "Egyptian cat", "crane", "None"}

// epoch is the start time of the tests, with a monotonic reading.
var epoch = time.Now()

func at(seconds float64) time.Time {
	return epoch.Add(time.Duration(seconds * float64(time.Second)))
}

// logits returns logits whose softmax has these probabilities for the first
// classes; the last class has the rest.
func logits(p ...float64) []float32 {
	all := make([]float64, len(labels))
	copy(all, p)
	rest := 1.0
	for _, v := range p {
		rest -= v
	}
	all[len(all)-1] = max(rest, 0)
	l := make([]float32, len(labels))
	for i, v := range all {
		l[i] = float32(math.Log(v)) // -Inf for 0
	}
	return l
}

func newDecider(t testing.TB, c Config) *Decider {
	t.Helper()
	d, err := New(labels, c)
	require.NoError(t, err)
	return d
}

// short formats events as "name type".
func short(events []Event) []string {
	var list []string
	for _, e := range events {
		list = append(list, e.Name+" "+e.Type)
	}
	return list
}

// run decides frames at a rate and returns the events as "name type second", where second
// is the time of the frame.
func run(d *Decider, rate, length float64, p func(second float64) []float64) []string {
	var list []string
	for frame := 0; float64(frame) < length*rate; frame++ {
		second := float64(frame) / rate
		for _, e := range short(d.Decide(logits(p(second)...), at(second)).Events) {
			list = append(list, fmt.Sprintf("%s %.2f", e, second))
		}
	}
	return list
}

// steps returns frames with these probabilities of class 0.
func steps(p ...float64) func(float64) []float64 {
	return func(second float64) []float64 { return []float64{p[int(second)]} }
}

func TestHysteresis(t *testing.T) {
	d := newDecider(t, Config{On: 0.6, Off: 0.4})
	got := run(d, 1, 11, steps(0.5, 0.59, 0.61, 0.5, 0.41, 0.45, 0.39, 0.5, 0.59, 0.61, 0))
	require.Equal(t, []string{"tench appeared 2.00", "tench gone 6.00", "tench appeared 9.00", "tench gone 10.00"}, got)
}

func TestLevelsAreReached(t *testing.T) {
	// 0.5 is exact in float32: it is at On and not below Off.
	d := newDecider(t, Config{On: 0.5, Off: 0.5})
	require.Equal(t, []string{"tench appeared"}, short(d.Decide(logits(0.5), at(0)).Events))
	require.Empty(t, d.Decide(logits(0.5), at(1)).Events)
	require.Equal(t, []string{"tench gone"}, short(d.Decide(logits(0.49), at(2)).Events))
}

func TestMinimumTimes(t *testing.T) {
	d := newDecider(t, Config{On: 0.6, Off: 0.4, MinOn: 2 * time.Second, MinOff: 3 * time.Second})
	got := run(d, 1, 14, steps(
		0.9, 0.9, 0.5, // not for long enough
		0.9, 0.9, 0.9, // appears with the third frame
		0.1, 0.1, 0.1, 0.5, // gone for 2 s only
		0.1, 0.1, 0.1, 0.1)) // gone with the fourth frame
	require.Equal(t, []string{"tench appeared 5.00", "tench gone 13.00"}, got)
}

// A sighting lasts from the first to the last frame that shows the class, regardless of the
// minimum times.
func TestTimesOfEvents(t *testing.T) {
	d := newDecider(t, Config{On: 0.6, Off: 0.4, MinOn: time.Second, MinOff: time.Second})
	var events []Event
	for second, p := range []float64{0, 0.7, 0.8, 0.9, 0.5, 0.1, 0.1} {
		events = append(events, d.Decide(logits(p), at(float64(second))).Events...)
	}
	require.Len(t, events, 2)
	class := 0
	want := Event{
		Version: 1, ID: events[0].ID, Type: Appeared, Name: "tench", Label: "tench, Tinca tinca", Class: &class,
		Start: at(1).Truncate(time.Microsecond), Probability: 0.8, Peak: 0.8,
	}
	require.Equal(t, want, events[0])
	end := at(4).Truncate(time.Microsecond)
	want.Type, want.End, want.Duration, want.Probability, want.Peak = Gone, &end, 3, 0.1, 0.9
	require.Equal(t, want, events[1])
	require.Regexp(t, `^\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{8}$`, want.ID)
	require.Equal(t, at(1).UTC().Format("20060102T150405.000Z"), want.ID[:20])
}

// The step response of a half-life is 1-2^(-t/h): it crosses 0.75 after two
// half-lives, and 0.25 on the way back, at any frame rate.
func TestRateDoesNotMatter(t *testing.T) {
	for _, rate := range []float64{1, 5, 30} {
		d := newDecider(t, Config{HalfLife: 3 * time.Second, On: 0.75, Off: 0.25})
		var appeared, gone float64
		for _, e := range run(d, rate, 60, func(second float64) []float64 {
			if second >= 10 && second < 40 {
				return []float64{1}
			}
			return []float64{0}
		}) {
			_, err := fmt.Sscanf(e, "tench appeared %f", &appeared)
			if err != nil {
				_, err = fmt.Sscanf(e, "tench gone %f", &gone)
			}
			require.NoError(t, err, e)
		}
		// A frame has the weight of the time since the one before.
		require.InDelta(t, 16, appeared, 1/rate+0.01, "at %v frames a second", rate)
		require.InDelta(t, 46, gone, 1/rate+0.01, "at %v frames a second", rate)
	}
}

// For a constant input irregular times of frames do not change the probability.
func TestSmoothing(t *testing.T) {
	d := newDecider(t, Config{HalfLife: 2 * time.Second, On: 1, Off: 1, TopK: 1})
	d.Decide(logits(0.8), at(0))
	require.Equal(t, 0.8, d.Decide(logits(0.8), at(0.1)).Answers[0].Probability)
	require.Equal(t, 0.8, d.Decide(logits(0), at(0.1)).Answers[0].Probability) // no time has passed
	require.Equal(t, 0.4, d.Decide(logits(0), at(2.1)).Answers[0].Probability)
	require.Equal(t, 0.1, d.Decide(logits(0), at(6.1)).Answers[0].Probability)
	require.InDelta(t, 0.5, d.Decide(logits(0.5), at(3600)).Answers[0].Probability, 1e-6)
}

func TestAnswers(t *testing.T) {
	pet := Group{Name: "pet", Classes: []int{3, 2}}
	all := Group{Name: "all", Classes: []int{0, 1, 2, 3, 4, 5}}
	d := newDecider(t, Config{On: 0.5, Off: 0.5, TopK: 2, Groups: []Group{pet, all}})
	require.Equal(t, []Answer{
		{Index: 2, Name: "tabby", Label: "tabby, tabby cat", Probability: 0.375},
		{Index: 3, Name: "Egyptian cat", Label: "Egyptian cat", Probability: 0.25},
		{Index: -1, Name: "all", Group: true, Probability: 1, On: true},
		{Index: -1, Name: "pet", Group: true, Probability: 0.625, On: true},
	}, d.Decide(logits(0.125, 0.125, 0.375, 0.25), at(0)).Answers)

	// Of equals the lower class is first, and there are no more than exist.
	d = newDecider(t, Config{On: 0.5, Off: 0.5, TopK: 100})
	var order []int
	for _, a := range d.Decide(logits(0.1, 0.2, 0.1, 0.2, 0.1), at(0)).Answers {
		order = append(order, a.Index)
	}
	require.Equal(t, []int{1, 3, 0, 2, 4}, order)

	d = newDecider(t, Config{On: 0.5, Off: 0.5})
	got := d.Decide(logits(0.9), at(0))
	require.Empty(t, got.Answers)
	require.Equal(t, []string{"tench appeared"}, short(got.Events))
}

func TestGroupsAreDecidedLikeClasses(t *testing.T) {
	d := newDecider(t, Config{On: 0.6, Off: 0.4, Groups: []Group{{Name: "cat", Classes: []int{2, 3}}}})
	frames := [][]float64{{0, 0, 0.4, 0.4}, {0, 0, 0.1, 0.5}, {0.9, 0, 0.05, 0.05}}
	var events []Event
	for i, p := range frames {
		events = append(events, d.Decide(logits(p...), at(float64(i))).Events...)
	}
	require.Equal(t, []string{"cat appeared", "cat gone", "tench appeared"}, short(events))
	require.True(t, events[0].Group)
	require.Nil(t, events[0].Class)
	require.Empty(t, events[0].Label)
	require.Equal(t, 0.8, events[1].Peak)
}

// Of several changes in a frame, "gone" comes first.
func TestOrderOfEvents(t *testing.T) {
	d := newDecider(t, Config{On: 0.5, Off: 0.5})
	d.Decide(logits(0, 0, 0.9), at(0))
	require.Equal(t, []string{"tabby gone", "tench appeared"}, short(d.Decide(logits(0.9), at(1)).Events))
}

func TestEnd(t *testing.T) {
	d := newDecider(t, Config{HalfLife: time.Minute, On: 0.5, Off: 0.5, MinOff: time.Hour, TopK: 1})
	require.Empty(t, d.End(at(0)), "before the first frame")
	first := d.Decide(logits(0.9), at(1)).Events
	events := d.End(at(3))
	require.Equal(t, []string{"tench gone"}, short(events))
	require.Equal(t, first[0].ID, events[0].ID)
	require.Equal(t, 2.0, events[0].Duration)
	require.Equal(t, at(3).Truncate(time.Microsecond), *events[0].End)
	require.Empty(t, d.End(at(4)))

	// The next frame starts from scratch.
	got := d.Decide(logits(0.2), at(5))
	require.Equal(t, 0.2, got.Answers[0].Probability)
	require.Empty(t, got.Events)

	// A class that was not seen any more ended with the last frame that showed it.
	d = newDecider(t, Config{On: 0.5, Off: 0.5, MinOff: time.Hour})
	d.Decide(logits(0.9), at(0))
	d.Decide(logits(0.9), at(1))
	d.Decide(logits(0.1), at(2))
	require.Equal(t, 1.0, d.End(at(3))[0].Duration)
}

func TestMaxGap(t *testing.T) {
	c := Config{HalfLife: time.Second, On: 0.5, Off: 0.5, MinOn: time.Second, MaxGap: 10 * time.Second}
	begin := func() *Decider {
		d := newDecider(t, c)
		d.Decide(logits(0.9), at(0))
		require.Equal(t, []string{"tench appeared"}, short(d.Decide(logits(0.9), at(2)).Events))
		return d
	}
	d := begin()
	require.Empty(t, d.Decide(logits(0.9), at(12)).Events, "not yet a gap")

	d = begin()
	events := d.Decide(logits(0.9), at(12.5)).Events
	require.Equal(t, []string{"tench gone"}, short(events))
	require.Equal(t, 2.0, events[0].Duration)
	require.Equal(t, []string{"tench appeared"}, short(d.Decide(logits(0.9), at(13.5)).Events), "after MinOn, counted afresh")

	require.Equal(t, 2.0, begin().End(at(100))[0].Duration)
	require.Equal(t, 12.0, begin().End(at(12))[0].Duration)

	// Without a limit a class stays during a gap of an hour.
	c.MaxGap = 0
	d = begin()
	require.Empty(t, d.Decide(logits(0.9), at(3600)).Events)
	require.Equal(t, 3600.0, d.End(at(3600))[0].Duration)
}

// The system clock is set back by an hour. That step counts as no elapsed time, and later
// ones as before.
func TestClockSetBack(t *testing.T) {
	d := newDecider(t, Config{HalfLife: time.Second, On: 0.5, Off: 0.4, MinOn: 2 * time.Second, MaxGap: time.Minute, TopK: 1})
	wall := func(second float64) time.Time { return at(second).Round(0) } // without monotonic reading
	d.Decide(logits(0.9), wall(3600))
	d.Decide(logits(0.9), wall(3601))
	got := d.Decide(logits(0), wall(0))
	require.Empty(t, got.Events)
	require.Equal(t, 0.9, got.Answers[0].Probability)
	events := d.Decide(logits(0.9), wall(1)).Events
	require.Equal(t, []string{"tench appeared"}, short(events))
	require.Equal(t, wall(3600).Truncate(time.Microsecond), events[0].Start)
	events = d.End(wall(2))
	require.Equal(t, 3.0, events[0].Duration)
	require.True(t, events[0].End.Before(events[0].Start))
}

func TestNaNLogits(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	d := newDecider(t, Config{HalfLife: time.Second, On: 0.9, Off: 0.4, TopK: 2})
	require.Empty(t, d.Decide([]float32{nan, nan, nan, nan, nan, nan}, at(0)).Answers, "no frame yet")

	got := d.Decide([]float32{nan, 5, nan, 5, -inf, nan}, at(1)).Answers
	require.Equal(t, []float64{0.5, 0.5}, []float64{got[0].Probability, got[1].Probability})
	require.Equal(t, 1, got[0].Index)

	// The frame at second 2 is ignored.
	got = d.Decide([]float32{nan, nan, -inf, nan, nan, nan}, at(2)).Answers
	require.Equal(t, 0.5, got[0].Probability)
	got = d.Decide([]float32{inf, 5, 5, nan, 5, -inf}, at(3)).Answers
	require.Equal(t, 0.75, got[0].Probability)
	require.Equal(t, "tench", got[0].Name)

	require.Panics(t, func() { d.Decide(make([]float32, 5), at(4)) })
}

// imageNet returns a Decider for a thousand classes with groups, and logits with one
// dominant class.
func imageNet(t testing.TB) (*Decider, []float32) {
	t.Helper()
	labels := make([]string, 1000)
	logits := make([]float32, 1000)
	dogs := Group{Name: "dog"}
	for i := range labels {
		logits[i] = float32(i*7919%1000)/100 - 5
		if i >= 151 && i <= 268 {
			dogs.Classes = append(dogs.Classes, i)
		}
	}
	logits[207] = 15
	d, err := New(labels, Config{HalfLife: time.Second, On: 0.6, Off: 0.4, TopK: 5, Groups: []Group{dogs}})
	require.NoError(t, err)
	return d, logits
}

func TestDecideDoesNotAllocate(t *testing.T) {
	d, logits := imageNet(t)
	require.Equal(t, []string{"class 207 appeared", "dog appeared"}, short(d.Decide(logits, at(0)).Events))
	frame := 0
	require.Zero(t, testing.AllocsPerRun(100, func() {
		frame++
		d.Decide(logits, at(float64(frame)))
	}))
}

// BenchmarkDecide measures a frame of a thousand classes without events.
func BenchmarkDecide(b *testing.B) {
	d, logits := imageNet(b)
	b.ReportAllocs()
	frame := 0
	for b.Loop() {
		frame++
		d.Decide(logits, at(float64(frame)/30))
	}
}
