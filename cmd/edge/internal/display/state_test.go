package display

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/model/classify"
)

// seen returns an observation of a frame with answers.
func seen(frame int, elapsed float64, answers ...decision.Answer) *pipeline.Observation {
	return &pipeline.Observation{
		Frame: frame, Elapsed: elapsed, Results: []classify.Class{{Label: "raw"}}, Answers: answers,
	}
}

func answer(name string, probability float64) decision.Answer {
	return decision.Answer{Name: name, Probability: probability}
}

func TestAnswers(t *testing.T) {
	now := time.Now()
	s := newState(now)
	require.Equal(t, starting, s.title)
	s.observe(&pipeline.Observation{}, 0.3, now) // events without a frame
	require.Equal(t, starting, s.title)
	s.observe(seen(1, 0, answer("cup", 0.6), answer("kitchen", 0.934)), 0.3, now)
	require.Equal(t, "kitchen", s.title)
	require.Equal(t, 93, s.percent)
	s.observe(seen(2, 0, answer("cup", 0.29)), 0.3, now)
	require.Equal(t, nothing, s.title)
	require.Equal(t, -1, s.percent)
	s.observe(seen(3, 0), 0.3, now)
	require.Equal(t, nothing, s.title)
}

// The answers of a camera are shown until all cameras fail.
func TestCameras(t *testing.T) {
	now := time.Now()
	s := newState(now)
	frame := 0
	yard := func() {
		frame++
		o := seen(frame, 0, answer("cup", 0.9))
		o.Camera = "yard"
		s.observe(o, 0.3, now)
	}
	fails := func(camera string, fails bool) string {
		s.cameraChanged(camera, fails, 2, now)
		return s.title
	}
	require.Equal(t, starting, fails("door", true), "the other one still starts")
	yard()
	require.Equal(t, "cup", fails("door", true))
	require.Equal(t, noCamera, fails("yard", true))
	require.Equal(t, noCamera, fails("door", false), "until its first frame")
	yard()
	require.Equal(t, "cup", fails("door", true))
	require.Equal(t, 90, s.percent)
}

func TestRate(t *testing.T) {
	now := time.Now()
	s := newState(now)
	one := func(string) int { return 1 }
	info := func() string { return s.view(now, Rate, 0, false, one).info }
	s.observe(seen(1, 0.1, answer("cup", 1)), 0, now)
	require.Empty(t, info())
	s.observe(seen(5, 0.6, answer("cup", 1)), 0, now)
	require.Empty(t, info())
	s.observe(seen(11, 1.1, answer("cup", 1)), 0, now)
	require.Equal(t, "10/s", info())
	s.observe(seen(15, 3.1, answer("cup", 1)), 0, now)
	require.Equal(t, "2.0/s", info())
	other := seen(1, 3.2, answer("cup", 1))
	other.Camera = "yard"
	s.observe(other, 0, now)
	other.Frame, other.Elapsed = 4, 5.1
	s.observe(other, 0, now)
	require.Equal(t, "1.5/s", info())
	s.setTitle(noCamera, now)
	require.Empty(t, info())
}

func TestTemperature(t *testing.T) {
	s := newState(time.Now())
	one := func(string) int { return 1 }
	require.Equal(t, view{title: starting, percent: -1, info: "48 C"}, s.view(s.since, Temperature, 48.3, true, one))
	require.Equal(t, view{title: starting, percent: -1}, s.view(s.since, Temperature, 0, false, one))
	require.Equal(t, view{title: starting, percent: -1}, s.view(s.since, None, 48.3, true, one))
	require.True(t, s.view(s.since, None, hot, true, one).hot)
}

// A new title starts with its first page, the same one continues.
func TestPages(t *testing.T) {
	now := time.Now()
	s := newState(now)
	page := func(at time.Time) int { return s.view(at, None, 0, false, pages(large)).page }
	s.observe(seen(1, 0, answer("American black bear", 1)), 0, now)
	require.Equal(t, 0, page(now.Add(pageTime-1)))
	s.observe(seen(2, 0, answer("American black bear", 0.9)), 0, now.Add(pageTime))
	require.Equal(t, 1, page(now.Add(pageTime)))
	require.Equal(t, 0, page(now.Add(2*pageTime)))
	s.observe(seen(3, 0, answer("ice bear cream cone", 0.9)), 0, now.Add(3*pageTime))
	require.Equal(t, 0, page(now.Add(3*pageTime)))
}

func TestHours(t *testing.T) {
	at := func(hour, minute int) time.Time { return time.Date(2026, 1, 2, hour, minute, 30, 0, time.UTC) }
	night, err := ParseHours("22:00-07:30")
	require.NoError(t, err)
	require.Equal(t, "22:00-07:30", night.String())
	require.True(t, night.Contains(at(22, 0)))
	require.True(t, night.Contains(at(7, 29)))
	require.False(t, night.Contains(at(7, 30)))
	require.False(t, night.Contains(at(21, 59)))
	noon, err := ParseHours("12:00-13:00")
	require.NoError(t, err)
	require.True(t, noon.Contains(at(12, 59)))
	require.False(t, noon.Contains(at(13, 0)))
	require.False(t, Hours{}.Contains(at(0, 0)))
	require.Empty(t, Hours{}.String())
	for _, text := range []string{"", "22-07", "22:00", "24:00-07:00", "22:60-07:00", "22:00-22:00", "22:00-07:00x", "-1:00-07:00", "22:00-07:00 x"} {
		_, err := ParseHours(text)
		require.Error(t, err, text)
	}
}
