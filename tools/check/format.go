package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// format fails if gofmt would change a file.
func format(r *report) {
	gofmt, err := gofmtPath()
	if err != nil {
		r.fail(fmt.Sprintf("gofmt: %v", err))
		return
	}
	var files bytes.Buffer
	cmd := command(nil, gofmt, "-l", ".")
	cmd.Stdout = &files
	err = cmd.Run()
	if err == nil && files.Len() > 0 {
		err = fmt.Errorf("not formatted (run gofmt -w): %s", strings.Join(strings.Fields(files.String()), " "))
	}
	r.result("gofmt", err)
}

// gofmtPath returns the gofmt of the Go that runs this program. It may not be
// in PATH.
func gofmtPath() (string, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	path := filepath.Join(strings.TrimSpace(string(root)), "bin", "gofmt")
	if found, err := exec.LookPath(path); err == nil {
		return found, nil
	}
	return exec.LookPath("gofmt")
}
