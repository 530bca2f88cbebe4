//go:build noasm || !(amd64 || arm64)

package isa

// detect returns no instruction set: there is no assembly in this build.
func detect() []Set { return nil }
