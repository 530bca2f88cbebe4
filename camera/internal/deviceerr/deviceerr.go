// Package deviceerr is the error of a camera device, or of a program that reads
// one, worded for the user.
package deviceerr

import "errors"

// ErrPermanent marks errors that a retry cannot fix: the device cannot do what
// was asked, or a program is missing.
var ErrPermanent = errors.New("permanent device error")

// ErrNoFrame marks the error of a camera that runs but sends no frames.
var ErrNoFrame = errors.New("no frame in time")

// ErrAbsent marks the error of a program that has searched for a camera and found
// none. Starting it again soon costs much and changes nothing.
var ErrAbsent = errors.New("no device found")

// Error is the error of a device.
type Error struct {
	Source  string // the device, or the program that reads it
	Problem string // what is wrong and what to do
	Err     error  // the cause
}

// New returns the error of a source. Its cause may be nil.
func New(source, problem string, cause error) *Error { return &Error{source, problem, cause} }

// Error names the source and its problem.
func (e *Error) Error() string { return e.Source + ": " + e.Problem }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }
