package main

import (
	"path/filepath"
	"strings"
)

// The linters, pinned. They are built into binDir and are not in go.mod, so
// that the project does not inherit their dependencies.
const (
	staticcheckPackage = "honnef.co/go/tools/cmd/staticcheck@v0.8.2"
	golangciPackage    = "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0"
)

func lint(r *report) {
	r.result("go mod tidy", command(nil, "go", "mod", "tidy", "-diff").Run())
	r.result("staticcheck", staticcheck())
	// A run sees the files of one architecture.
	for _, arch := range []string{"amd64", "arm64"} {
		r.result("golangci-lint for "+arch, golangci(arch))
	}
}

// lintPlatforms are read by "staticcheck -matrix". Together they include every
// file. One more would cost half a minute.
const lintPlatforms = `linux_amd64: GOOS=linux GOARCH=amd64
linux_arm64: GOOS=linux GOARCH=arm64
windows_amd64: GOOS=windows GOARCH=amd64
`

// staticcheck checks several platforms in one run: what any of them uses is
// not unused.
func staticcheck() error {
	path, err := install(staticcheckPackage, "staticcheck")
	if err != nil {
		return err
	}
	cmd := command(nil, path, "-matrix", "./...")
	cmd.Stdin = strings.NewReader(lintPlatforms)
	return cmd.Run()
}

func golangci(arch string) error {
	path, err := install(golangciPackage, "golangci-lint")
	if err != nil {
		return err
	}
	return command([]string{"GOOS=linux", "GOARCH=" + arch}, path, "run", "./...").Run()
}

// install builds a linter, unless this version is in binDir already.
func install(pkg, name string) (string, error) {
	path, err := inBinDir(name)
	if err != nil {
		return "", err
	}
	dir, err := filepath.Abs(binDir)
	if err != nil {
		return "", err
	}
	return path, command([]string{"GOBIN=" + dir}, "go", "install", pkg).Run()
}
