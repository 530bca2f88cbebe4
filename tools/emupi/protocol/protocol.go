// Package protocol is what the host and the init of the emulated board tell
// each other: the host puts a plan into the initramfs, the init writes events
// to the console, one a line. The kernel may write there too, so that each
// line says by its first word what it is.
package protocol

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"sync"
	"time"
)

// PlanPath is where the init finds the plan, as JSON.
const PlanPath = "/plan.json"

// Plan is what the init does, in order.
type Plan struct {
	Modules  []Module
	Commands []Command
	// Seconds are how long the board may run by its own clock. It then
	// switches itself off, so that none goes on when its host has died.
	Seconds int
}

// Module is a kernel module to load.
type Module struct {
	Path       string // on the board
	Parameters string // "name=value", parted by spaces
}

// Command is a program to run on the board as root. There is no shell.
type Command struct {
	Args []string // the program, by path or by its name in /bin, and its arguments
	Env  []string // "NAME=value"
	Dir  string   // empty: /
}

// Event is something that happened on the board.
type Event struct {
	Kind    Kind
	Command int           `json:",omitempty"` // of Output and Exit: number in the plan
	Output  []byte        `json:",omitempty"` // of Output
	Status  int           `json:",omitempty"` // of Exit; -1: killed by a signal
	Took    time.Duration `json:",omitempty"` // of Exit, by the board's clock
	Text    string        `json:",omitempty"` // of Failure
}

// Kind tells events apart.
type Kind string

// The kinds of events.
const (
	Output  Kind = "output"  // a command wrote to stdout or stderr
	Exit    Kind = "exit"    // a command ended, or could not start
	Failure Kind = "failure" // the board cannot do what was planned
	Done    Kind = "done"    // every command has run; the last event
)

// mark is the first word of an event's line.
const mark = "emupi-event "

// Writer writes events; several goroutines may do so.
type Writer struct {
	mu  sync.Mutex
	out io.Writer
}

// NewWriter makes a writer of events to a console.
func NewWriter(console io.Writer) *Writer { return &Writer{out: console} }

// Write writes an event as one line, in one piece.
func (w *Writer) Write(e Event) error {
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err = w.out.Write(append([]byte(mark), append(text, '\n')...))
	return err
}

// longestLine bounds a line of the console. A command's output comes in
// pieces that are far shorter.
const longestLine = 1 << 20

// Read calls take for each event on a console and other for each line that is
// none, until the console ends.
func Read(console io.Reader, take func(Event), other func(line string)) error {
	lines := bufio.NewScanner(console)
	lines.Buffer(nil, longestLine)
	for lines.Scan() {
		line := bytes.TrimRight(lines.Bytes(), "\r")
		e, ok := parse(line)
		if !ok {
			other(string(line))
			continue
		}
		take(e)
	}
	return lines.Err()
}

// parse reads a line of the console. What the kernel wrote without an end of
// line may stand before the mark.
func parse(line []byte) (Event, bool) {
	_, text, found := bytes.Cut(line, []byte(mark))
	var e Event
	if !found || json.Unmarshal(text, &e) != nil {
		return Event{}, false
	}
	return e, true
}
