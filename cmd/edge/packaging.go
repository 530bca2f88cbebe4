//go:build packaging

package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"halfmeg/cmd/edge/internal/service"
)

func init() { newPackaging = packagingCommand }

// packagingCommand returns the command that writes what the Debian package consists of
// besides the program: manual pages, completions for shells, the unit and the
// configuration. cobra's package doc takes the date of the pages from SOURCE_DATE_EPOCH.
func packagingCommand(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:    "packaging FOLDER",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := args[0]
			if err := os.MkdirAll(filepath.Join(dir, "man"), 0o755); err != nil {
				return err
			}
			root.DisableAutoGenTag = true
			header := &doc.GenManHeader{Section: "1", Source: "halfmeg", Manual: "halfmeg"}
			if err := doc.GenManTree(root, header, filepath.Join(dir, "man")); err != nil {
				return err
			}
			if err := writeCompletions(root, dir); err != nil {
				return err
			}
			unit := service.Unit{
				Name: commandName, Documentation: "man:" + commandName + "(1)",
				Command: []string{"/usr/bin/" + commandName, "run", "--events"},
				Groups:  service.DeviceGroups, Unless: service.UnitPath,
			}
			if err := os.WriteFile(filepath.Join(dir, "unit"), []byte(unit.Text()), 0o644); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(service.Config(commandName)), 0o644)
		},
	}
}

func writeCompletions(root *cobra.Command, dir string) error {
	const describe = true
	if err := root.GenBashCompletionFileV2(filepath.Join(dir, "bash"), describe); err != nil {
		return err
	}
	if err := root.GenZshCompletionFile(filepath.Join(dir, "zsh")); err != nil {
		return err
	}
	return root.GenFishCompletionFile(filepath.Join(dir, "fish"), describe)
}
