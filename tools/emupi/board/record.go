package board

import (
	"errors"
	"fmt"
	"io"

	"halfmeg/tools/emupi/protocol"
)

// record follows the events of the board.
type record struct {
	commands []Command
	console  io.Writer
	ended    int // commands that have ended; the next one runs
	failure  error
	done     bool // every command has ended and nothing failed
}

// take handles an event. Programs on the board can write to the console, too:
// an event that is not of the running command is treated as a line of text.
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

// where describes how far the board got.
func (r *record) where() string {
	if r.ended < len(r.commands) {
		return fmt.Sprintf("command %d of %d (%s) has not ended", r.ended+1, len(r.commands), r.commands[r.ended].Args[0])
	}
	return "all commands have ended"
}
