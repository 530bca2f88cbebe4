package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"halfmeg/internal/printable"

	"github.com/spf13/cobra"
)

// The program's exit statuses.
const (
	statusOK      = 0
	statusFailure = 1
	statusUsage   = 2
)

// errReported ends a command that has already said on stderr what was wrong.
var errReported = errors.New("reported already")

// exitOnInterrupt ends the program with a line when it is interrupted, be it
// in the middle of a read that does not end; the function it returns calls
// that off.
func exitOnInterrupt(stderr io.Writer) func() {
	signals, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		select {
		case <-signals:
			fmt.Fprintln(stderr, "edge: interrupted")
			os.Exit(statusFailure)
		case <-done:
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
	}
}

// execute runs the command that the arguments ask for and gives the exit status.
func execute(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	survivePipe()
	out := &output{to: stdout}
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(out)
	root.SetErr(stderr)
	started := false // from here on cobra has found nothing wrong with the usage
	root.PersistentPreRun = func(*cobra.Command, []string) { started = true }

	err := root.Execute()
	switch {
	case errors.Is(out.err, syscall.EPIPE):
		return statusOK // the reader has seen enough, as in "edge run | head"
	case errors.Is(err, errReported):
		return statusFailure
	case err == nil && out.err == nil:
		return statusOK
	case err == nil:
		err = out.err
	}
	if !started && out.err == nil {
		report(stderr, fmt.Errorf("%w (edge --help tells more)", err))
		return statusUsage
	}
	report(stderr, err)
	return statusFailure
}

// report writes an error as the one line that the user sees of it.
func report(stderr io.Writer, err error) {
	fmt.Fprintln(stderr, "edge:", printable.Text(err.Error()))
}

// survivePipe makes a write to a closed pipe an error instead of the
// program's sudden death, so that cameras are closed in good order.
func survivePipe() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "edge",
		Short: "Name what a camera or a picture shows",
		Long: `edge names what a camera or a picture shows, with a SqueezeNet of one-byte
numbers that is built in: it needs no network and no other file.`,
		Example: `  edge run --camera testcard --frames 20
  edge run --camera auto
  edge classify photo.jpg
  edge info`,
		SilenceErrors:      true,
		SilenceUsage:       true,
		DisableSuggestions: true,
		CompletionOptions:  cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetHelpCommand(newHelp())
	root.AddCommand(newClassify(), newRun(), newCameras(), newBench(), newInfo(), newLicenses(), newVersion())
	return root
}
