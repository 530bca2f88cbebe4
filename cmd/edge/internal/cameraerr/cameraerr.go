// Package cameraerr rewords errors of package camera for edge's command line:
// camera knows options and sources, but neither flags nor commands.
package cameraerr

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"halfmeg/camera"
	"halfmeg/camera/ffmpeg"
	"halfmeg/camera/folder"
	"halfmeg/camera/web"
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

// useTestCard is the advice where there is no camera.
const useTestCard = "--camera " + camera.TestCard + " works without a camera"

// worded is an error with another text.
type worded struct {
	error
	text string
}

func (w worded) Error() string { return w.text }
func (w worded) Unwrap() error { return w.error }

// Explain returns the error with options named as flags, and with what to do
// about it on the command line. Errors of other packages stay as they are.
func Explain(err error) error {
	var auto *camera.AutoError
	var option *camera.OptionError
	var content *camera.ContentError
	var video *camera.VideoError
	var certificate *web.CertificateError
	switch {
	case errors.As(err, &auto):
		text := auto.Message(func(err error) string { return Explain(err).Error() })
		if !errors.Is(err, camera.ErrPermanent) {
			text += "; " + useTestCard
		}
		return worded{err, text}
	case errors.As(err, &option):
		return worded{err, option.Message(func(o camera.Option) string { return flags[o] })}
	case errors.As(err, &video):
		return worded{err, fmt.Sprintf("%s: %v; %s", video.Name, video.Err, convert(video.Input))}
	case errors.As(err, &certificate):
		return worded{err, certificate.Error() + "; " + acceptCertificate(certificate)}
	case errors.As(err, &content) && ffmpeg.IsFile(content.Name):
		return worded{err, fmt.Sprintf("%s: %v; a video is read through ffmpeg: sudo apt install ffmpeg", content.Name, content.Err)}
	case errors.As(err, &content):
		return worded{err, fmt.Sprintf("%s: %v; Y4M is read too, and raw frames with --size and --format", content.Name, content.Err)}
	case errors.Is(err, ffmpeg.ErrUnchecked):
		return worded{err, fmt.Sprintf("%v; --insecure accepts any", err)}
	case errors.Is(err, camera.ErrNoCamera):
		return worded{err, fmt.Sprintf("%v; %s", err, useTestCard)}
	case errors.Is(err, folder.ErrEmpty):
		return worded{err, fmt.Sprintf("%v; --watch waits for pictures", err)}
	case errors.Is(err, fs.ErrNotExist) && !errors.Is(err, camera.ErrPermanent): // a device
		return worded{err, fmt.Sprintf("%v (edge cameras lists them)", err)}
	case errors.Is(err, camera.ErrNoFrame):
		return worded{err, fmt.Sprintf("%v; --patience 1m waits longer", err)}
	}
	return err
}

// convert returns the command line that converts a video for edge. The size and the
// rate are enough for the networks and little work for a Raspberry Pi.
func convert(input string) string {
	return fmt.Sprintf("ffmpeg converts it: ffmpeg -i %s -vf fps=5,scale=640:-2 -pix_fmt yuv420p -f yuv4mpegpipe - | edge run --camera -", quote(input))
}

// quote returns text as one word of a shell.
func quote(text string) string {
	const safe = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/:@.,_+-=%"
	special := func(c rune) bool { return !strings.ContainsRune(safe, c) }
	if text != "" && !strings.ContainsFunc(text, special) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// acceptCertificate says how to accept a certificate.
func acceptCertificate(e *web.CertificateError) string {
	accept := "if this is the camera's, --tls-fingerprint " + web.FormatFingerprint(e.Fingerprint) + " accepts it"
	switch {
	case e.Pinned:
		return accept
	case e.OnlyUnknown():
		return accept + ", SSL_CERT_FILE=camera.pem edge run … trusts the certificate in that file, and --insecure accepts any"
	}
	return accept + ", and --insecure accepts any"
}
