package pins

import (
	"fmt"
	"os/exec"
	"strings"
	"sync/atomic"
)

// maxOutput limits the output of a command in a message, in bytes.
const maxOutput = 500

// Command runs a program, without a shell.
type Command struct {
	Args   []string    // program and arguments
	Report func(error) // called if it fails; safe for concurrent use

	running atomic.Bool
}

// Start starts the program, unless it is running. It does not wait for it, and the program
// is not stopped when edge ends.
func (c *Command) Start() {
	if !c.running.CompareAndSwap(false, true) {
		return
	}
	go func() {
		defer c.running.Store(false)
		output, err := exec.Command(c.Args[0], c.Args[1:]...).CombinedOutput()
		if err == nil {
			return
		}
		text := strings.TrimSpace(string(output[:min(len(output), maxOutput)]))
		if text != "" {
			text = ": " + text
		}
		c.Report(fmt.Errorf("%s failed: %w%s", strings.Join(c.Args, " "), err, text))
	}()
}
