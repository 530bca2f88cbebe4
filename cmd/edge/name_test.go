package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"
)

// The Debian package's command has another name in all help texts and hints.
func TestRename(t *testing.T) {
	commandName = "halfmeg"
	defer func() { commandName = defaultName }()
	root := newRoot(nil)
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	old := `\bedge (` + strings.Join(names, "|") + `|--)`
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		var help bytes.Buffer
		c.SetOut(&help)
		require.NoError(t, c.Help())
		require.NotRegexp(t, old, help.String())
		for _, child := range c.Commands() {
			visit(child)
		}
	}
	visit(root)
	require.Equal(t, "run needs a camera: halfmeg run --camera auto (see halfmeg --help)", named("run needs a camera: edge run --camera auto (see edge --help)"))
	require.Equal(t, "restart edge", named("restart edge"))
}

// The command that generates files of the package is not in edge.
func TestNoPackagingCommand(t *testing.T) {
	require.Nil(t, newPackaging)
}
