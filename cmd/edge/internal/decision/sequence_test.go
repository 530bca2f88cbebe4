package decision

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ledger checks the invariants of events.
type ledger struct {
	config Config
	open   map[string]Event // by class or group
	ids    map[string]bool
}

func (l *ledger) check(t *testing.T, e Event) {
	t.Helper()
	key := e.Name
	if e.Class != nil {
		key = fmt.Sprintf("%s #%d", e.Name, *e.Class)
	}
	begun, open := l.open[key]
	require.Equal(t, EventVersion, e.Version)
	require.GreaterOrEqual(t, e.Peak, e.Probability)
	require.GreaterOrEqual(t, e.Peak, l.config.On-1e-6)
	require.LessOrEqual(t, e.Peak, 1.0)
	switch e.Type {
	case Appeared:
		require.False(t, open, "%s appeared twice", key)
		require.False(t, l.ids[e.ID], "ID %s for two sightings", e.ID)
		require.Nil(t, e.End)
		require.Zero(t, e.Duration)
		l.ids[e.ID], l.open[key] = true, e
	case Gone:
		require.True(t, open, "%s is gone, but did not appear", key)
		require.Equal(t, begun.ID, e.ID)
		require.Equal(t, begun.Start, e.Start)
		require.NotNil(t, e.End)
		require.GreaterOrEqual(t, e.Duration, 0.0)
		require.GreaterOrEqual(t, e.Peak, begun.Peak)
		delete(l.open, key)
	default:
		t.Fatalf("type %q", e.Type)
	}
}

// checkSequence decides frames and checks the invariants of answers and events.
func checkSequence(t *testing.T, c Config, frames [][]float32, times []time.Time) {
	t.Helper()
	d := newDecider(t, c)
	l := &ledger{config: c, open: map[string]Event{}, ids: map[string]bool{}}
	for i, frame := range frames {
		got := d.Decide(frame, times[i])
		for _, e := range got.Events {
			l.check(t, e)
		}
		last := Answer{Probability: 1}
		for _, a := range got.Answers {
			require.True(t, a.Probability >= 0 && a.Probability <= 1, "probability %v", a.Probability) // false for NaN
			require.NotEqual(t, 5, a.Index, "none is an answer")
			if last.Group == a.Group {
				require.LessOrEqual(t, a.Probability, last.Probability)
			}
			last = a
			key := a.Name
			if !a.Group {
				key = fmt.Sprintf("%s #%d", a.Name, a.Index)
			}
			_, open := l.open[key]
			require.Equal(t, open, a.On, "%s is on, as the events say", key)
		}
	}
	for _, e := range d.End(times[len(times)-1].Add(time.Second)) {
		require.Equal(t, Gone, e.Type)
		l.check(t, e)
	}
	require.Empty(t, l.open, "not gone at the end")
}

// randomConfig returns a Config in which every field is set with some probability.
func randomConfig(r *rand.Rand) Config {
	some := func(longest time.Duration) time.Duration {
		return time.Duration(r.IntN(2)) * time.Duration(r.Int64N(int64(longest)))
	}
	on := 0.05 + 0.9*r.Float64()
	return Config{
		HalfLife: some(5 * time.Second), On: on, Off: on * (0.2 + 0.8*r.Float64()),
		MinOn: some(3 * time.Second), MinOff: some(3 * time.Second), MaxGap: some(30 * time.Second),
		Groups: []Group{{"cat", []int{2, 3}}, {"crane", []int{1, 4}}}, TopK: r.IntN(7),
	}
}

func TestRandomSequences(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		var frames [][]float32
		var times []time.Time
		now := epoch
		if r.IntN(2) == 0 {
			now = now.Round(0)
		}
		frame := make([]float32, len(labels))
		for range 200 {
			switch r.IntN(40) {
			case 0:
				now = now.Add(time.Duration(r.Int64N(int64(2 * time.Hour))))
			case 1:
				now = now.Add(-time.Duration(r.Int64N(int64(2 * time.Hour))))
			default:
				now = now.Add(time.Duration(r.Int64N(int64(time.Second))))
			}
			frame = append([]float32(nil), frame...)
			frame[r.IntN(len(frame))] = float32(8*r.Float64() - 4)
			if r.IntN(20) == 0 {
				frame[r.IntN(len(frame))] = float32(math.NaN())
			}
			frames, times = append(frames, frame), append(times, now)
		}
		checkSequence(t, randomConfig(r), frames, times)
	}
}

// FuzzDecide decodes frames from bytes: a time step of 8 bytes, then logits.
func FuzzDecide(f *testing.F) {
	f.Add(uint64(1), make([]byte, 5*32))
	f.Add(uint64(7), []byte("\x00\x00\x00\x40\x00\x00\x00\x00\x00\x00\xa0\x41\x00\x00\x00\x00\x00\x00\xc0\x7f\x00\x00\x80\x7f\x00\x00\x80\xff\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, seed uint64, data []byte) {
		const size = 8 + 4*6
		var frames [][]float32
		var times []time.Time
		now := epoch
		for ; len(data) >= size; data = data[size:] {
			now = now.Add(time.Duration(int64(binary.LittleEndian.Uint64(data)) >> 16)) // up to 39 hours
			frame := make([]float32, len(labels))
			for i := range frame {
				frame[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[8+4*i:]))
			}
			frames, times = append(frames, frame), append(times, now)
		}
		if len(frames) > 0 {
			checkSequence(t, randomConfig(rand.New(rand.NewPCG(seed, 0))), frames, times)
		}
	})
}
