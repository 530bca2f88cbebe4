package board

import (
	"errors"
	"fmt"
	"io"

	"halfmeg/tools/emupi/protocol"
)

// record follows what the board tells.
type record struct {
	commands []Command
	console  io.Writer
	ended    int // of the commands, which run one after the other
	failure  error
	done     bool // all that was planned
}

// take follows an event. Programs on the board can write to its console, too:
// what is not of the command that runs is taken for a line like any other.
func (r *record) take(e protocol.Event) {
	running := r.ended < len(r.commands) && e.Command == r.ended
	switch {
	case e.Kind == protocol.Failure:
		r.failure = errors.New(e.Text)
	case e.Kind == protocol.Done:
		r.done = r.failure == nil && r.ended == len(r.commands)
	case e.Kind == protocol.Output && running:
		_, err := r.commands[r.ended].Output.Write(e.Output)
		r.failure = errors.Join(r.failure, err)
	case e.Kind == protocol.Exit && running:
		r.commands[r.ended].Ended(e.Status, e.Took)
		r.ended++
	default:
		r.other(fmt.Sprintf("stray event: %+v", e))
	}
}

func (r *record) other(line string) { fmt.Fprintln(r.console, line) }

// where says how far the board came.
func (r *record) where() string {
	if r.ended < len(r.commands) {
		return fmt.Sprintf("command %d of %d (%s) has not ended", r.ended+1, len(r.commands), r.commands[r.ended].Args[0])
	}
	return "all commands have ended"
}
