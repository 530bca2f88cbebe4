package main

import (
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"halfmeg/cmd/edge/internal/config"
)

// configure sets the flags of run that are in the configuration file and not on the
// command line.
func (r *runCommand) configure(flags *pflag.FlagSet) (*config.Settings, error) {
	document, err := config.Load(r.config)
	if err != nil {
		return nil, err
	}
	r.file = document.Path()
	return document.Apply(flags, r.structured())
}

// structured returns the keys of the configuration file that are not flags.
func (r *runCommand) structured() map[string]config.Structured {
	return map[string]config.Structured{
		"groups": config.Lists(&r.decision.Groups, "custom groups to report: names, each with a list of classes and groups"),
	}
}

// newConfig returns the command that shows the configuration of run.
func newConfig() *cobra.Command {
	r, run := newRunCommand(nil)
	schema := false
	command := &cobra.Command{
		Use:   "config [flags of run]",
		Short: "Show the configuration of run, and where each value comes from",
		Long: `config writes the configuration that "edge run" would use with the same flags, as a
configuration file. A comment says where each value comes from. Lines with defaults
and secrets are commented out.

The configuration file is YAML. Its keys are the names of the flags of run, without
the dashes; a flag that may be repeated takes a list. Without --config it is
$XDG_CONFIG_HOME/halfmeg/config.yaml or ~/.config/halfmeg/config.yaml, or else
/etc/halfmeg/config.yaml. Flags win over it.
Relative paths of files and folders are relative to the configuration file's folder.
A secret, such as a password, may also be in a separate file, named by a key that
ends in -file, such as mqtt-password-file: /run/secrets/mqtt, or in the environment,
such as HALFMEG_MQTT_PASSWORD, which wins over the configuration file.`,
		Example: `  edge config
  edge config --config feeder.yaml
  edge config --camera auto --rate 5 > config.yaml
  edge config --schema > config.schema.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(args) > 0:
				return fmt.Errorf("config: %w", onlyFlags(args[0]))
			case schema:
				data, err := config.Schema(run.Flags(), r.structured())
				if err != nil {
					return err
				}
				_, err = cmd.OutOrStdout().Write(data)
				return err
			}
			settings, err := r.configure(run.Flags())
			if err != nil {
				return err
			}
			return settings.Write(cmd.OutOrStdout())
		},
	}
	command.Flags().SortFlags = false
	command.Flags().AddFlagSet(run.Flags())
	command.Flags().BoolVar(&schema, "schema", false, "write a JSON Schema of the configuration file, for editors")
	return command
}
