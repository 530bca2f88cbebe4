//go:build unix

package main

import (
	"os"
	"syscall"
)

// hangup asks edge to read its configuration again.
var hangup os.Signal = syscall.SIGHUP
