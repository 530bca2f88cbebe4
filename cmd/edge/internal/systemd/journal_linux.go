package systemd

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

// InService reports whether systemd started this program in a service that notifies it.
func InService() bool { return os.Getenv("NOTIFY_SOCKET") != "" }

// Prefix returns what begins a line of this severity on w: a prefix of sd-daemon(3) if w is
// the journal, else nothing.
func Prefix(w io.Writer, s Severity) string {
	f, ok := w.(*os.File)
	if !ok || !isJournal(f, os.Getenv("JOURNAL_STREAM")) {
		return ""
	}
	return fmt.Sprintf("<%d>", s)
}

// isJournal reports whether a file is the stream that the variable JOURNAL_STREAM names,
// by its device and inode: programs that edge starts inherit the variable, too.
func isJournal(f *os.File, stream string) bool {
	if stream == "" {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stream == fmt.Sprintf("%d:%d", stat.Dev, stat.Ino)
}
