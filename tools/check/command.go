package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// command prepares a program to run with additional environment variables,
// and prints its command line. It inherits stdout and stderr.
func command(env []string, name string, args ...string) *exec.Cmd {
	fmt.Println("$", typed(env, name, args))
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	return cmd
}

// typed returns the command line as typed in a shell.
func typed(env []string, name string, args []string) string {
	words := slices.Concat(env, []string{name}, args)
	for i, w := range words {
		if strings.Contains(w, " ") {
			words[i] = "'" + w + "'"
		}
	}
	return strings.Join(words, " ")
}

// binDir holds the programs that the checks build.
const binDir = "build"

// inBinDir returns the path of a file in it, and creates the folder.
func inBinDir(name string) (string, error) {
	return filepath.Join(binDir, name), os.MkdirAll(binDir, 0o755)
}
