package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"halfmeg/cmd/edge/internal/systemd"
	"halfmeg/internal/printable"
)

// The program's exit statuses.
const (
	statusOK      = 0
	statusFailure = 1
	statusUsage   = 2
)

// errReported ends a command that has already written its errors to stderr.
var errReported = errors.New("already reported")

// exitOnInterrupt ends the program with a message when it is interrupted, even during a
// read that never returns. The returned function cancels that.
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

// execute runs the command in args and returns the exit status.
func execute(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ignoreSIGPIPE()
	out := &stdoutWriter{to: stdout}
	root := newRoot(args)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(out)
	root.SetErr(stderr)
	started := false // cobra has accepted flags and arguments
	root.PersistentPreRun = func(*cobra.Command, []string) { started = true }

	err := root.Execute()
	switch {
	case errors.Is(out.err, syscall.EPIPE):
		return statusOK // the reader has closed the pipe, as in "edge run | head"
	case errors.Is(err, errReported):
		return statusFailure
	case err == nil && out.err == nil:
		return statusOK
	case err == nil:
		err = out.err
	}
	if !started && out.err == nil {
		writeError(stderr, systemd.Error, fmt.Errorf("%w (see edge --help)", err))
		return statusUsage
	}
	writeError(stderr, systemd.Error, err)
	return statusFailure
}

// report writes an error that does not end the program.
func report(stderr io.Writer, err error) { writeError(stderr, systemd.Warning, err) }

// writeError writes an error as one line.
func writeError(stderr io.Writer, s systemd.Severity, err error) {
	fmt.Fprintln(stderr, systemd.Prefix(stderr, s)+"edge:", printable.Text(named(err.Error())))
}

// newPackaging returns the command that writes files for packages. It is nil unless the
// build tag packaging is set, because edge itself needs none of it.
var newPackaging func(root *cobra.Command) *cobra.Command

// ignoreSIGPIPE turns a write to a closed pipe into an error: by default
// SIGPIPE would kill the program before it has closed the camera.
func ignoreSIGPIPE() {
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
}

// newRoot returns the program's command for these arguments.
func newRoot(args []string) *cobra.Command {
	root := &cobra.Command{
		Use:   "edge",
		Short: "Classify what a camera or a picture shows",
		Long: `edge classifies what a camera or a picture shows, with a built-in 8-bit
SqueezeNet. It needs no internet connection and no other file.`,
		Example: `  edge run --camera testcard --frames 20
  edge run --camera auto
  edge classify photo.jpg
  edge info`,
		SilenceErrors:      true,
		SilenceUsage:       true,
		DisableSuggestions: true,
		CompletionOptions:  cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	// Keep cobra's format of --version: a custom template links text/template, which
	// disables the elimination of unreachable methods and adds 1.8 MB.
	root.Version = version()
	root.SetHelpCommand(newHelp())
	root.AddCommand(
		newClassify(), newRun(args[min(1, len(args)):]), newCameras(), newBench(), newDoctor(), newConfig(),
		newInstall(), newUninstall(), newInfo(), newLicenses(), newVersion(),
	)
	if newPackaging != nil {
		root.AddCommand(newPackaging(root))
	}
	rename(root)
	return root
}
