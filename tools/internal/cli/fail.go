// Package cli ends a desktop tool that cannot go on: one line on standard
// error, whatever foreign text the error quotes, and an exit status. It also
// reads the flags, since they are where most tools fail.
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"halfmeg/internal/printable"
)

// Exit reports an error of a tool and ends the program with status 1; an
// interruption says what became of the work.
func Exit(tool string, err error, interrupted string) {
	if errors.Is(err, context.Canceled) {
		err = errors.New(interrupted)
	}
	fmt.Fprintln(os.Stderr, Line(tool+": "+err.Error()))
	os.Exit(1)
}

// Usage reports wrong usage and ends the program with status 2.
func Usage(tool, why string) {
	fmt.Fprintln(os.Stderr, Line(tool+": "+why))
	os.Exit(2)
}

// Flags reads the command line of a tool. Asked for help it prints what the
// tool is about and its flags; a wrong flag is wrong usage.
func Flags(tool, about string) {
	flag.CommandLine.Init(tool, flag.ContinueOnError)
	flag.CommandLine.SetOutput(io.Discard)
	flag.Usage = func() {}
	err := flag.CommandLine.Parse(os.Args[1:])
	switch {
	case errors.Is(err, flag.ErrHelp):
		flag.CommandLine.SetOutput(os.Stdout)
		fmt.Println(about)
		flag.PrintDefaults()
		os.Exit(0)
	case err != nil:
		Usage(tool, err.Error()+" (see -help)")
	}
}

// longest is how many characters of a message a person reads.
const longest = 600

// Line makes a message one line that does not steer a terminal.
func Line(text string) string {
	line := []rune(printable.Text(text))
	if len(line) > longest {
		line = append(line[:longest], '…')
	}
	return string(line)
}
