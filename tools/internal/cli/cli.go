// Package cli is the command line of the desktop tools: it parses their flags
// and ends them with an exit status and a one-line message on standard error.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"halfmeg/internal/printable"
)

// Exit reports an error and ends the program with status 1. If the error is a
// cancellation, it prints the message interrupted instead.
func Exit(tool string, err error, interrupted string) {
	if errors.Is(err, context.Canceled) {
		err = errors.New(interrupted)
	}
	fmt.Fprintln(os.Stderr, Line(tool+": "+err.Error()))
	os.Exit(1)
}

// Usage reports wrong usage and ends the program with status 2.
func Usage(tool, reason string) {
	fmt.Fprintln(os.Stderr, Line(tool+": "+reason))
	os.Exit(2)
}

// Flags parses the command line. With -help it prints the text about and the
// flags, and ends the program with status 0. A wrong flag ends it as Usage does,
// with one line instead of the whole help.
func Flags(tool, about string) {
	flag.CommandLine.Init(tool, flag.ContinueOnError)
	flag.CommandLine.SetOutput(io.Discard)
	flag.Usage = func() {}
	err := flag.CommandLine.Parse(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		flag.CommandLine.SetOutput(os.Stdout)
		fmt.Printf("%s\n\nFlags:\n", strings.TrimSpace(about))
		flag.PrintDefaults()
		os.Exit(0)
	case err != nil:
		Usage(tool, flagError(err))
	}
}

// flagError words an error of package flag for a user.
func flagError(err error) string {
	text := err.Error()
	if name, unknown := strings.CutPrefix(text, "flag provided but not defined: "); unknown {
		text = "unknown flag " + name
	}
	return text + " (-help lists the flags)"
}

// maxLine is the length in characters at which Line truncates a message.
const maxLine = 600

// Line turns a message, which may quote untrusted text, into one line without
// control characters.
func Line(text string) string {
	line := []rune(printable.Text(text))
	if len(line) > maxLine {
		line = append(line[:maxLine], '…')
	}
	return string(line)
}
