//go:build !amd64 && !arm64

package kernels

// ofMachine lists the implementations beside the plain loops: none.
func ofMachine() []implementation { return nil }
