//go:build !unix

package main

import "os"

// hangup is nil: this system has no SIGHUP.
var hangup os.Signal

// hasTerminal is never called without the signal.
func hasTerminal() bool { return false }
