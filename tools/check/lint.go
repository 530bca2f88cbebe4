package main

import (
	"path/filepath"
	"strings"
)

// The linters, pinned. They are built into binDir and stand outside go.mod,
// so that the project does not inherit what they depend on.
const (
	staticcheckPackage = "honnef.co/go/tools/cmd/staticcheck@v0.8.2"
	golangciPackage    = "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0"
)

func lint(r *report) {
	r.result("go mod tidy", command(nil, "go", "mod", "tidy", "-diff").Run())
	r.result("staticcheck", staticcheck())
	// Twice, for each sees the files of one architecture only.
	for _, arch := range []string{"amd64", "arm64"} {
		r.result("golangci-lint for "+arch, golangci(arch))
	}
}

// lintPlatforms, a line each as "staticcheck -matrix" reads them, are enough to
// see every file. More would cost half a minute each.
const lintPlatforms = `linux_amd64: GOOS=linux GOARCH=amd64
linux_arm64: GOOS=linux GOARCH=arm64
windows_amd64: GOOS=windows GOARCH=amd64
`

// staticcheck looks at several platforms in one run: what only one of them
// uses is not unused.
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

// install builds a linter, unless this version of it stands there already.
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
