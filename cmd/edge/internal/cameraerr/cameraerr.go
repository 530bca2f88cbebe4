// Package cameraerr words errors of package camera for edge's command line:
// camera knows options and sources, but no flags and no commands.
package cameraerr

import (
	"errors"
	"fmt"

	"halfmeg/camera"
	"halfmeg/camera/folder"
)

// flags are the command-line flags of the options.
var flags = map[camera.Option]string{
	camera.OptionSize:           "--size",
	camera.OptionRate:           "--rate",
	camera.OptionFourCC:         "--format",
	camera.OptionControls:       "--control",
	camera.OptionPatience:       "--patience",
	camera.OptionTLSFingerprint: "--tls-fingerprint",
	camera.OptionInsecure:       "--insecure",
	camera.OptionLoop:           "--loop",
	camera.OptionWatch:          "--watch",
}

// worded is an error with a text of its own.
type worded struct {
	error
	text string
}

func (w worded) Error() string { return w.text }
func (w worded) Unwrap() error { return w.error }

// Explain returns the error with options named as flags, and with what to do
// about it on the command line. Errors of other packages stay as they are.
func Explain(err error) error {
	var option *camera.OptionError
	var content *camera.ContentError
	switch {
	case errors.As(err, &option):
		return worded{err, option.Message(func(o camera.Option) string { return flags[o] })}
	case errors.As(err, &content):
		return worded{err, fmt.Sprintf("%s: %v; Y4M is read too, and raw frames with --size and --format", content.Name, content.Err)}
	case errors.Is(err, camera.ErrNoCamera):
		return worded{err, fmt.Sprintf("%v; --camera %s works without a camera", err, camera.TestCard)}
	case errors.Is(err, folder.ErrEmpty):
		return worded{err, fmt.Sprintf("%v; --watch waits for pictures", err)}
	}
	return err
}
