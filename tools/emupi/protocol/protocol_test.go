package protocol

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// read returns what Read finds on a console.
func read(t *testing.T, console string) (events []Event, others []string) {
	t.Helper()
	err := Read(strings.NewReader(console),
		func(e Event) { events = append(events, e) },
		func(line string) { others = append(others, line) })
	require.NoError(t, err)
	return events, others
}

func TestEventsRoundTrip(t *testing.T) {
	want := []Event{
		{Kind: Output, Command: 2, Output: []byte("half a line, \xff\x16 and a newline\n\r\n")},
		{Kind: Exit, Command: 2, Status: -1, Took: time.Second},
		{Kind: Failure, Text: "vivid: no such device"},
		{Kind: Done},
	}
	var console bytes.Buffer
	w := NewWriter(&console)
	for _, e := range want {
		require.NoError(t, w.Write(e))
	}
	events, others := read(t, console.String())
	require.Equal(t, want, events)
	require.Empty(t, others)
}

// Events are found between carriage returns of a terminal and messages of the
// kernel, complete or not.
func TestEventsAmongOtherLines(t *testing.T) {
	events, others := read(t, "[    0.1] Booting\r\n"+
		"[    4.2] WARN"+mark+`{"Kind":"exit","Command":1,"Status":3}`+"\r\n"+
		"\r\n"+
		mark+`{"Kind":"exit"`+"\r\n"+
		mark+`{"Kind":"done"}`+"\r\n"+
		"[    9.9] reboot: Power down\r\n")
	require.Equal(t, []Event{{Kind: Exit, Command: 1, Status: 3}, {Kind: Done}}, events)
	require.Equal(t, []string{"[    0.1] Booting", "", mark + `{"Kind":"exit"`, "[    9.9] reboot: Power down"}, others)
}

func TestEndlessLineIsAnError(t *testing.T) {
	line := strings.Repeat("x", longestLine+1)
	err := Read(strings.NewReader(line), func(Event) {}, func(string) {})
	require.Error(t, err)
}

func FuzzRead(f *testing.F) {
	f.Add("[ 0.1] x\r\n" + mark + `{"Kind":"exit","Status":3}` + "\r\n")
	f.Add(mark + `{"Kind":"output","Output":"AAA="}` + "\n" + mark + `{"Kind":"done"}`)
	f.Fuzz(func(t *testing.T, console string) {
		lines := 0
		count := func() { lines++ }
		err := Read(strings.NewReader(console), func(Event) { count() }, func(string) { count() })
		if err == nil {
			require.LessOrEqual(t, lines, strings.Count(console, "\n")+1)
		}
	})
}
