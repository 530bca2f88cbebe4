//go:build !linux

package systemd

import "io"

// InService returns false: only Linux has systemd.
func InService() bool { return false }

// Prefix returns nothing: only Linux has the journal.
func Prefix(io.Writer, Severity) string { return "" }
