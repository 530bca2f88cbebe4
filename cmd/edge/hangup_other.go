//go:build !unix

package main

import "os"

// hangup is a signal that this system lacks.
var hangup os.Signal
