package camera

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"halfmeg/camera/internal/deviceerr"
)

// ErrPermanent marks errors that opening the camera again cannot fix: an
// unknown name, an option that the source does not support, a damaged file.
// Other errors may be temporary, such as that of an unplugged camera.
var ErrPermanent = errors.New("permanent camera error")

// ErrNoCamera marks errors of a machine on which no camera was found.
var ErrNoCamera = errors.New("no camera")

// ErrNoFrame marks errors of a camera that sends no frame in time.
var ErrNoFrame = deviceerr.ErrNoFrame

// ErrRemote marks errors of a camera on the network. Reconnect waits longer before
// it asks such a camera again: cameras lock out clients that ask too often.
var ErrRemote = errors.New("remote camera error")

// permanent marks an error with ErrPermanent and keeps its text.
type permanent struct{ error }

func (p permanent) Unwrap() error        { return p.error }
func (p permanent) Is(target error) bool { return target == ErrPermanent }

// noCamera marks an error with ErrNoCamera and keeps its text.
type noCamera struct{ error }

func (n noCamera) Unwrap() error        { return n.error }
func (n noCamera) Is(target error) bool { return target == ErrNoCamera }

// deviceError marks the error of a device or program with ErrPermanent where
// the device cannot do what was asked.
func deviceError(err error) error {
	if errors.Is(err, deviceerr.ErrPermanent) {
		return permanent{err}
	}
	return err
}

// remote marks an error with ErrRemote and keeps its text.
type remote struct{ error }

func (r remote) Unwrap() error        { return r.error }
func (r remote) Is(target error) bool { return target == ErrRemote }

// remoteError marks the error of a camera on the network.
func remoteError(err error) error { return remote{deviceError(err)} }

// VideoError is the error of a source that is compressed video, which another
// program has to convert. It is an ErrPermanent.
type VideoError struct {
	Name  string // of the source, without a password
	Input string // what the other program has to read; NAME:PASSWORD stands for a password
	Err   error  // what was found
}

// Error names the source and says what is supported.
func (e *VideoError) Error() string {
	return fmt.Sprintf("%s: %v; compressed video must be converted to Y4M", e.Name, e.Err)
}

// Is reports that the error is an ErrPermanent.
func (e *VideoError) Is(target error) bool { return target == ErrPermanent }

// Unwrap returns what was found.
func (e *VideoError) Unwrap() error { return e.Err }

// AutoError is the error of Auto when no camera can be opened. It is an
// ErrNoCamera, and an ErrPermanent if one of Errs is: other options could then
// open a camera.
type AutoError struct {
	Problems []string // of sources that cannot be tried
	Errs     []error  // of sources that were tried
}

// Error has the reason of each source.
func (e *AutoError) Error() string { return e.Message(error.Error) }

// Message returns the error's text with the errors of sources worded by the caller.
func (e *AutoError) Message(text func(error) string) string {
	reasons := slices.Clone(e.Problems)
	for _, err := range e.Errs {
		reasons = append(reasons, text(err))
	}
	return "no camera is available: " + strings.Join(reasons, "; ")
}

// Is reports that the error is an ErrNoCamera.
func (e *AutoError) Is(target error) bool { return target == ErrNoCamera }

// Unwrap returns the errors of the sources that were tried.
func (e *AutoError) Unwrap() []error { return e.Errs }

// OptionError is the error of an option that a kind of source does not support.
// It is an ErrPermanent.
type OptionError struct {
	Source    string   // the source's name
	Kind      string   // what the source is, for example "a file"
	Option    Option   // what was requested
	Supported []Option // what could be
}

// Error names the source, the option and what is supported instead.
func (e *OptionError) Error() string {
	return e.Message(Option.String)
}

// Message returns the error's text with options named by the caller, for example as
// command-line flags.
func (e *OptionError) Message(name func(Option) string) string {
	names := make([]string, len(e.Supported))
	for i, o := range e.Supported {
		names[i] = name(o)
	}
	return fmt.Sprintf("%s: %s takes %s, not %s", e.Source, e.Kind, strings.Join(names, ", "), name(e.Option))
}

// Is reports that the error is an ErrPermanent.
func (e *OptionError) Is(target error) bool { return target == ErrPermanent }

// ContentError is the error of a file or pipe whose content is of no known
// type. It is an ErrPermanent.
type ContentError struct {
	Name string // of the file
	Err  error  // what was found
}

// Error says what was found and what is supported.
func (e *ContentError) Error() string {
	return fmt.Sprintf("%s: %v; supported are pictures, Y4M, and raw frames if their size and format are set", e.Name, e.Err)
}

// Is reports that the error is an ErrPermanent.
func (e *ContentError) Is(target error) bool { return target == ErrPermanent }

// Unwrap returns what was found.
func (e *ContentError) Unwrap() error { return e.Err }
