package main

import "github.com/spf13/cobra"

// newHelp stands for cobra's own help command, which takes an unknown command
// for no error.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:     "help [COMMAND]",
		Short:   "Explain a command",
		Example: `  edge help classify`,
		Args: func(cmd *cobra.Command, args []string) error {
			_, _, err := cmd.Root().Find(args)
			return err
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			command, _, err := cmd.Root().Find(args)
			if err != nil {
				return err
			}
			command.InitDefaultHelpFlag() // as cobra does for --help
			return command.Help()
		},
	}
}
