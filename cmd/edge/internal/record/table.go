package record

import (
	"strconv"
	"strings"
	"time"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/internal/printable"
)

// columns are the heading of the table.
var columns = []string{"id", "camera", "name", "label", "class", "group", "start", "end", "duration", "peak", "snapshot"}

// timeForm is RFC 3339 with milliseconds.
const timeForm = "2006-01-02T15:04:05.000Z07:00"

// row is the line of an event that is gone. Times are local, the duration is in seconds.
func row(e *decision.Event) []string {
	class, end := "", ""
	if e.Class != nil {
		class = strconv.Itoa(*e.Class)
	}
	if e.End != nil {
		end = stamp(*e.End)
	}
	return []string{
		cell(e.ID), cell(e.Camera), cell(e.Name), cell(e.Label), class, strconv.FormatBool(e.Group),
		stamp(e.Start), end, strconv.FormatFloat(e.Duration, 'f', 3, 64), strconv.FormatFloat(e.Peak, 'f', 6, 64), e.Snapshot,
	}
}

func stamp(t time.Time) string { return t.Local().Format(timeForm) }

// cell makes a foreign text safe for a table: one line, so that a torn line is
// recognised, and no formula of a spreadsheet program.
func cell(text string) string {
	text = printable.Text(text)
	if strings.HasPrefix(text, "=") || strings.HasPrefix(text, "+") || strings.HasPrefix(text, "-") || strings.HasPrefix(text, "@") {
		return "'" + text
	}
	return text
}
