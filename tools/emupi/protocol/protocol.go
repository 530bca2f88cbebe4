// Package protocol defines how the host and the init of the emulated board
// communicate: the host puts a plan into the initramfs, and init writes events
// to the console, one per line. The kernel writes to the console, too; lines
// that are events begin with a mark.
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
	// Seconds bound how long the board runs by its own clock. It then powers
	// itself off, even if the host program has died.
	Seconds int
}

// Module is a kernel module to load.
type Module struct {
	Path       string // on the board
	Parameters string // "name=value", separated by spaces
}

// Command is a program to run on the board as root. There is no shell.
type Command struct {
	Args []string // the program, a path or a name in /bin, and its arguments
	Env  []string // "NAME=value"
	Dir  string   // empty: /
}

// Event is something that happened on the board.
type Event struct {
	Kind    Kind
	Command int           `json:",omitempty"` // of Output and Exit: index in the plan
	Output  []byte        `json:",omitempty"` // of Output
	Status  int           `json:",omitempty"` // of Exit; -1: killed by a signal
	Took    time.Duration `json:",omitempty"` // of Exit, by the board's clock
	Text    string        `json:",omitempty"` // of Failure
}

// Kind is the kind of an event.
type Kind string

// The kinds of events.
const (
	Output  Kind = "output"  // a command wrote to stdout or stderr
	Exit    Kind = "exit"    // a command exited, or could not start
	Failure Kind = "failure" // the plan cannot be carried out
	Done    Kind = "done"    // all commands have run; the last event
)

// mark begins the line of an event.
const mark = "emupi-event "

// Writer writes events. It is safe for concurrent use.
type Writer struct {
	mu  sync.Mutex
	out io.Writer
}

// NewWriter returns a writer of events to a console.
func NewWriter(console io.Writer) *Writer { return &Writer{out: console} }

// Write writes an event as one line, with one call.
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

// longestLine bounds a line of the console. Events carry output in far
// shorter pieces.
const longestLine = 1 << 20

// Read reads a console to its end, and calls take for each event and other for
// each other line.
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

// parse parses a line of the console. Text of the kernel that has no newline
// may precede the mark.
func parse(line []byte) (Event, bool) {
	_, text, found := bytes.Cut(line, []byte(mark))
	var e Event
	if !found || json.Unmarshal(text, &e) != nil {
		return Event{}, false
	}
	return e, true
}
