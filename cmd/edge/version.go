package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

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
