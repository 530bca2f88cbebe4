package record

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/internal/printable"
)

// columns is the header of the table.
var columns = []string{"id", "camera", "name", "label", "class", "group", "start", "end", "duration", "peak", "snapshot"}

// timeLayout is RFC 3339 with milliseconds.
const timeLayout = "2006-01-02T15:04:05.000Z07:00"

// row returns the line of an event that is gone. Times are local, the duration is in
// seconds.
func row(e *decision.Event) []string {
	class, end := "", ""
	if e.Class != nil {
		class = strconv.Itoa(*e.Class)
	}
	if e.End != nil {
		end = formatTime(*e.End)
	}
	return []string{
		cell(e.ID), cell(e.Camera), cell(e.Name), cell(e.Label), class, strconv.FormatBool(e.Group),
		formatTime(e.Start), end, strconv.FormatFloat(e.Duration, 'f', 3, 64), strconv.FormatFloat(e.Peak, 'f', 6, 64), e.Snapshot,
	}
}

func formatTime(t time.Time) string { return t.Local().Format(timeLayout) }

// cell makes a text safe for a table: one line, so that a torn line can be recognised,
// and not a formula for a spreadsheet program.
func cell(text string) string {
	text = printable.Text(text)
	if strings.HasPrefix(text, "=") || strings.HasPrefix(text, "+") || strings.HasPrefix(text, "-") || strings.HasPrefix(text, "@") {
		return "'" + text
	}
	return text
}

// appendLine appends a line to the table of a day.
func (s *store) appendLine(d *day, line []string) error {
	name := path.Join(d.name, csvName)
	if info, err := s.root.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", path.Join(s.config.Dir, name))
	}
	f, err := s.root.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(s.writeLine(d, f, line), f.Close())
}

// writeLine writes a line after the last complete one, and the header if there is none.
func (s *store) writeLine(d *day, f *os.File, line []string) error {
	before, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	end, err := lastLineEnd(f, before)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if end == 0 {
		_ = w.Write(columns) // writes to memory
	}
	_ = w.Write(line)
	w.Flush()
	if _, err := f.Seek(end, io.SeekStart); err != nil {
		return err
	}
	if err := s.writeFile(f, b.Bytes()); err != nil {
		return errors.Join(err, f.Truncate(end))
	}
	after := end + int64(b.Len())
	s.addBytes(d, blocks(after)-blocks(before))
	return f.Truncate(after)
}

// lastLineEnd returns the length of a table without an incomplete last line, which a
// power cut may leave.
func lastLineEnd(f io.ReaderAt, size int64) (int64, error) {
	const window = 4096 // longer than a line
	start := max(0, size-window)
	tail := make([]byte, size-start)
	if _, err := f.ReadAt(tail, start); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if i := bytes.LastIndexByte(tail, '\n'); i >= 0 {
		return start + int64(i) + 1, nil
	}
	if start > 0 {
		return size, nil // not written by this package: keep all of it
	}
	return 0, nil
}
