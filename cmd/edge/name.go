package main

import (
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// defaultName is the name that the texts in the source use.
const defaultName = "edge"

// commandName is the name of the command. The Debian package sets it at link time, because
// its command is halfmeg.
var commandName = defaultName

// commandForm matches the name where it begins a command line.
var commandForm = regexp.MustCompile(`\b` + defaultName +
	` (run|classify|cameras|bench|config|info|licenses|version|install|uninstall|help|doctor|--)\b`)

// named replaces the name in a text by commandName.
func named(text string) string {
	if commandName == defaultName {
		return text
	}
	return commandForm.ReplaceAllString(text, commandName+" $1")
}

// rename replaces the name in the texts of a command and those below it.
func rename(c *cobra.Command) {
	if commandName == defaultName {
		return
	}
	if !c.HasParent() {
		c.Use = commandName
		c.Long = strings.Replace(c.Long, defaultName+" ", commandName+" ", 1)
	}
	c.Long, c.Example = named(c.Long), named(c.Example)
	c.Flags().VisitAll(func(f *pflag.Flag) { f.Usage = named(f.Usage) })
	for _, child := range c.Commands() {
		rename(child)
	}
}
