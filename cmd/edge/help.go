package main

import "github.com/spf13/cobra"

// newHelp replaces cobra's help command, which does not report an unknown
// command as an error.
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
			command.InitDefaultHelpFlag() // cobra adds it only when --help is parsed
			return command.Help()
		},
	}
}
