package stdout

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/model/classify"
)

func observation(frame int, scene, label string, right bool) *pipeline.Observation {
	o := &pipeline.Observation{
		Frame:   frame,
		Results: []classify.Class{{Index: 3, Label: label, Probability: 0.5, Logit: 7}},
		Times:   pipeline.Times{Read: 1, Prepare: 0.5, Infer: 10.25},
	}
	if scene != "" {
		o.Scene, o.Right = scene, &right
	}
	return o
}

func TestTerminalWithScenes(t *testing.T) {
	var b strings.Builder
	terminal := NewTerminal(&b)
	require.NoError(t, terminal.Observe(observation(1, "soccer ball", "soccer ball, ball", true)))
	require.NoError(t, terminal.Observe(observation(2, "balloon", "tench\x1b[2J, Tinca tinca", false)))
	require.NoError(t, terminal.Close())
	require.Equal(t, ""+
		" frame  scene                    answer                   probability       time\n"+
		"     1  soccer ball       right  soccer ball                   50.0 %    10.8 ms\n"+
		"     2  balloon           wrong  tench [2J                     50.0 %    10.8 ms\n"+
		"1 of 2 right\n", b.String())
}

func TestTerminalWithoutScenes(t *testing.T) {
	var b strings.Builder
	terminal := NewTerminal(&b)
	require.NoError(t, terminal.Observe(observation(1, "", "tench", false)))
	require.NoError(t, terminal.Close())
	require.Equal(t, ""+
		" frame  answer                   probability       time\n"+
		"     1  tench                         50.0 %    10.8 ms\n", b.String())
}

func TestJSON(t *testing.T) {
	var b strings.Builder
	require.NoError(t, NewJSON(&b).Observe(observation(1, "balloon", "<b>", false)))
	want := `{"frame":1,"scene":"balloon","right":false,"results":[{"class":3,"label":"<b>","probability":0.5,"logit":7}],` +
		`"ms":{"read":1,"prepare":0.5,"infer":10.25},"age_ms":0,"elapsed":0}` + "\n"
	if got := b.String(); got != want { // JSONEq would not compare bytes
		t.Errorf("got %s", got)
	}
}

func TestTimesInJSON(t *testing.T) {
	var b strings.Builder
	o := observation(1, "", "b", false)
	o.Time, o.Age, o.Elapsed = time.Date(2026, 1, 2, 3, 4, 5, 600_000, time.FixedZone("", 3600)), 31.25, 0.5
	require.NoError(t, NewJSON(&b).Observe(o))
	require.Contains(t, b.String(), `,"time":"2026-01-02T03:04:05.0006+01:00","age_ms":31.25,"elapsed":0.5}`)
}

// An observation without a frame is a line in JSON and nothing in the table.
func TestEventsWithoutFrame(t *testing.T) {
	o := &pipeline.Observation{Events: []decision.Event{{Version: 1, ID: "a", Type: decision.Gone, Name: "cup"}}}
	var b strings.Builder
	require.NoError(t, NewTerminal(&b).Observe(o))
	require.Empty(t, b.String())
	require.NoError(t, NewJSON(&b).Observe(o))
	require.True(t, strings.HasPrefix(b.String(), `{"events":[{"version":1,"id":"a","type":"gone","name":"cup",`), b.String())
}

func TestEvents(t *testing.T) {
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local)
	end := start.Add(90 * time.Second)
	o := &pipeline.Observation{Events: []decision.Event{
		{Version: 1, ID: "a", Type: decision.Appeared, Name: "cup", Start: start, Probability: 0.625, Peak: 0.625},
		{Version: 1, ID: "b", Type: decision.Gone, Name: "t\x1b[2Jench", Start: start, End: &end, Duration: 90, Probability: 0.1, Peak: 0.9},
	}}
	var b strings.Builder
	require.NoError(t, NewEvents(&b, false).Observe(o))
	require.Equal(t, ""+
		"2026-01-02 03:04:05  appeared  cup                       62.5 %\n"+
		"2026-01-02 03:05:35  gone      t [2Jench                 90.0 % at best, seen for 1m30s\n", b.String())
	b.Reset()
	require.NoError(t, NewEvents(&b, true).Observe(o))
	require.Equal(t, 2, strings.Count(b.String(), "\n"))
	require.Contains(t, b.String(), `"type":"gone"`)
	b.Reset()
	require.NoError(t, NewEvents(&b, false).Observe(observation(1, "", "cup", false)))
	require.Empty(t, b.String())
}
