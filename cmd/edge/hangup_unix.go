//go:build unix

package main

import (
	"os"
	"syscall"
)

// hangup is the signal that reloads the configuration.
var hangup os.Signal = syscall.SIGHUP

// hasTerminal reports whether edge was started from a terminal that is still open.
func hasTerminal() bool {
	terminal, err := os.OpenFile("/dev/tty", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	return terminal.Close() == nil
}
