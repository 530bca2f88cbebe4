//go:build !unix

package main

import "os"

// hangup is a signal that this system lacks.
var hangup os.Signal

// hasTerminal is not asked without the signal.
func hasTerminal() bool { return false }
