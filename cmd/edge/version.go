package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"halfmeg/kernels"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version of this program and the platform it was built for",
		Long: `version prints the program's version and revision, Go's version, the platform
and the instruction set of the convolutions. The environment variable
HALFMEG_CPU selects another one: generic, avx2, avxvnni, avx512vnni,
neon or dotprod.`,
		Example: `  edge version`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			isa, err := kernels.InstructionSet()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "edge %s\n%s %s/%s, %s kernels\n",
				version(), runtime.Version(), runtime.GOOS, runtime.GOARCH, isa)
			return err
		},
	}
}

// version returns the module's version and, if the go command recorded it, the revision
// that the program was built from.
func version() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "(version unknown)"
	}
	text := build.Main.Version
	for _, s := range build.Settings {
		switch {
		case s.Key == "vcs.revision":
			text += ", revision " + s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			text += ", with local changes"
		}
	}
	return text
}

// buildTime returns the time of the revision that the program was built from; zero if the
// go command did not record it.
func buildTime() time.Time {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return time.Time{}
	}
	for _, s := range build.Settings {
		if s.Key == "vcs.time" {
			t, _ := time.Parse(time.RFC3339, s.Value) // zero if malformed
			return t
		}
	}
	return time.Time{}
}
