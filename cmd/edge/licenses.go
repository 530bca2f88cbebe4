package main

import (
	"github.com/spf13/cobra"

	"halfmeg/cmd/edge/internal/licenses"
)

func newLicenses() *cobra.Command {
	return &cobra.Command{
		Use:   "licenses",
		Short: "Print the licences of all parts of this program",
		Long: `licenses prints the licences of halfmeg, of the weights and class names in its
built-in networks, of Go and of every Go module linked into the program.`,
		Example: `  edge licenses | less`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return licenses.Write(cmd.OutOrStdout())
		},
	}
}
