// Package deviceerr words what is wrong with a camera, for the person who uses it.
package deviceerr

import "errors"

// ErrWish marks an error as that of what was asked for, or of a device that
// never serves: trying again does not mend it.
var ErrWish = errors.New("cannot be had from this camera")

// ErrNoFrame marks the error of a camera that runs and gives no frames.
var ErrNoFrame = errors.New("no frame in time")

// Error is what is wrong.
type Error struct {
	Source  string // the device or the program that reads it
	Problem string // what is wrong and what to do
	Err     error  // the cause
}

// New is the error of a source; its cause may be nil.
func New(source, problem string, cause error) *Error { return &Error{source, problem, cause} }

// Error names the source and its problem.
func (e *Error) Error() string { return e.Source + ": " + e.Problem }

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Err }
