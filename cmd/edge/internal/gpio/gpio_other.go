//go:build !linux

package gpio

import (
	"errors"
	"io/fs"
)

// errUnsupported is the error of every request.
var errUnsupported = errors.New("GPIO lines need Linux")

// Supported reports whether the operating system has the interface.
const Supported = false

// GPIO requests lines.
type GPIO struct{}

// Line is a requested line.
type Line struct{}

// New returns a GPIO whose requests fail.
func New(string) *GPIO { return &GPIO{} }

// Output fails.
func (*GPIO) Output(Address, bool) (*Line, error) { return nil, errUnsupported }

// Input fails.
func (*GPIO) Input(Address, Input) (*Line, error) { return nil, errUnsupported }

// Set fails.
func (*Line) Set(bool) error { return errUnsupported }

// Active fails.
func (*Line) Active() (bool, error) { return false, errUnsupported }

// Wait fails.
func (*Line) Wait() error { return errUnsupported }

// Close does nothing.
func (*Line) Close() error { return nil }

// String returns the name of the line.
func (*Line) String() string { return "line" }

// Persists returns false.
func Persists(fs.FS) bool { return false }
