// Package config reads the configuration file of "edge run": YAML whose keys are the
// names of the command's flags.
//
//	camera: rtsp://door.local/stream
//	rate: 5
//	control: [power_line=50_hz, gain=2]
//	mqtt-password-file: mqtt.secret
//
// The command line wins over the environment, and the environment over the file. Only
// secrets are read from the environment. Relative paths in the file are relative to its
// folder. The package works with any flag set: it knows no flag by name, and each flag
// checks its value. Load reads a Document, Document.Apply sets the flags, and the
// Settings it returns hold the value of each key and its origin.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"halfmeg/cmd/edge/internal/readfile"

	"github.com/spf13/pflag"
)

// maxSize bounds the file, in bytes: ten times a configuration with every key and hundreds
// of groups.
const maxSize = 256 << 10

// secretAnnotation marks a flag that holds a secret.
const secretAnnotation = "secret"

// MarkSecret declares that a flag holds a secret. It is never printed, and may also be set
// by a file ("KEY-file: path") or the environment (HALFMEG_KEY).
func MarkSecret(flags *pflag.FlagSet, name string) { annotate(flags, name, secretAnnotation, "all") }

// MarkAddress declares that a flag holds an address that may contain secrets. It is like
// MarkSecret, but hides only the password, a user name without a password, the query, and
// a path with = or :, where some cameras expect name and password.
func MarkAddress(flags *pflag.FlagSet, name string) {
	annotate(flags, name, secretAnnotation, addressSecret)
}

// MarkSecretAddress declares that a flag holds an address that is a secret as a whole,
// such as that of a webhook. It is like MarkSecret, but shows scheme and host.
func MarkSecretAddress(flags *pflag.FlagSet, name string) {
	annotate(flags, name, secretAnnotation, hostOnly)
}

// Values of the annotation for addresses.
const (
	addressSecret = "address"
	hostOnly      = "host only"
)

// Annotations of flags that hold the path of a file or folder.
const (
	pathAnnotation        = "path"
	environmentAnnotation = "environment" // name of the variable that wins over the file
)

// MarkPath declares that flags hold the path of a file or folder. A relative path in the
// configuration file is relative to the folder of that file.
func MarkPath(flags *pflag.FlagSet, names ...string) {
	for _, name := range names {
		annotate(flags, name, pathAnnotation, "")
	}
}

// MarkSecretFile declares that a flag holds the path of a file with a secret, which may
// also be in an environment variable. It includes MarkPath. If the variable is set, the
// key in the configuration file has no effect, and the flag stays empty: its user must
// then read the variable.
func MarkSecretFile(flags *pflag.FlagSet, name, variable string) {
	MarkPath(flags, name)
	annotate(flags, name, environmentAnnotation, variable)
}

func annotate(flags *pflag.FlagSet, name, key, value string) {
	if err := flags.SetAnnotation(name, key, []string{value}); err != nil {
		panic(err) // the flag does not exist
	}
}

// Load reads the configuration file at path, or the first one in the standard places if
// path is empty. Without a file the document is empty.
func Load(path string) (*Document, error) {
	if path != "" {
		return read(path)
	}
	return search(places())
}

// search reads the first file that exists.
func search(places []string) (*Document, error) {
	for _, place := range places {
		d, err := read(place)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
			continue
		}
		return d, err
	}
	return &Document{}, nil
}

// places returns the paths to search for a configuration file, by the XDG Base Directory
// Specification and the Filesystem Hierarchy Standard.
func places() []string {
	const name = "halfmeg/config.yaml"
	var list []string
	home, err := os.UserHomeDir()
	if dir := os.Getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		list = append(list, filepath.Join(dir, name))
	} else if err == nil {
		list = append(list, filepath.Join(home, ".config", name))
	}
	return append(list, filepath.Join("/etc", name))
}

func read(path string) (*Document, error) { return ReadAs(path, path) }

// ReadAs reads the configuration file at a path. The document is that of a file at the path
// as: errors name it, and relative paths are relative to its folder.
func ReadAs(path, as string) (*Document, error) {
	data, err := readfile.Bounded(path, maxSize)
	if err != nil {
		return nil, fmt.Errorf("configuration file: %w", err)
	}
	return Parse(as, data)
}
