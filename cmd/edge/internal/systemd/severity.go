package systemd

// Severity is that of a line in the journal, as syslog(3) numbers it.
type Severity int

// The severities of edge. Lines without one are informational.
const (
	Error   Severity = 3 // edge ends
	Warning Severity = 4 // edge continues
)
