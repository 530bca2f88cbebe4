package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// command prepares a program with these variables added to the environment,
// and prints it as one would type it. Its output goes to ours.
func command(env []string, name string, args ...string) *exec.Cmd {
	fmt.Println("$", typed(env, name, args))
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	return cmd
}

// typed is the command as one would type it to a shell.
func typed(env []string, name string, args []string) string {
	words := slices.Concat(env, []string{name}, args)
	for i, w := range words {
		if strings.Contains(w, " ") {
			words[i] = "'" + w + "'"
		}
	}
	return strings.Join(words, " ")
}

// binDir is where programs that the checks build are put.
const binDir = "build"

// inBinDir is the path of one of them.
func inBinDir(name string) (string, error) {
	return filepath.Join(binDir, name), os.MkdirAll(binDir, 0o755)
}
