// Package config reads the configuration file of "edge run": YAML whose keys are the
// names of the command's flags.
//
//	camera: rtsp://door.local/stream
//	rate: 5
//	control: [power_line=50_hz, gain=2]
//	mqtt-password-file: mqtt.secret
//
// A flag on the command line wins over the environment, which only secrets are read
// from, and that over the file. Relative paths in the file start at its folder. The
// package works on any set of flags: it knows none by name, and every value is checked
// by the flag itself. Parse reads a document, Document.Apply sets the flags, and the
// Settings it returns know where each value came from.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/pflag"
)

// maxSize bounds the file: a configuration with every key and hundreds of groups has a
// tenth of it.
const maxSize = 256 << 10

// secretAnnotation marks a flag that holds a secret.
const secretAnnotation = "secret"

// MarkSecret declares that a flag holds a secret: it is never printed, and may also be
// given as a file ("KEY-file: path") or by the environment (HALFMEG_KEY). It does the same as
// the annotation "secret" of the flag.
func MarkSecret(flags *pflag.FlagSet, name string) { annotate(flags, name, secretAnnotation, "all") }

// MarkAddress declares that a flag holds an address that may have secrets. It is a
// MarkSecret that hides the password, a user name without one, the query, and a path
// with = or :, in which some cameras take name and password.
func MarkAddress(flags *pflag.FlagSet, name string) {
	annotate(flags, name, secretAnnotation, addressSecret)
}

// MarkSecretAddress declares that a flag holds an address that is itself the secret, as
// that of a webhook often is. It is a MarkSecret that shows scheme and host only.
func MarkSecretAddress(flags *pflag.FlagSet, name string) {
	annotate(flags, name, secretAnnotation, hostOnly)
}

// Values of the annotation for addresses.
const (
	addressSecret = "address"
	hostOnly      = "host only"
)

// Annotations of flags with the path of a file or folder.
const (
	pathAnnotation        = "path"
	environmentAnnotation = "environment" // the variable that wins over the file
)

// MarkPath declares that a flag holds the path of a file or folder. In the
// configuration file a relative one starts at the folder of that file.
func MarkPath(flags *pflag.FlagSet, names ...string) {
	for _, name := range names {
		annotate(flags, name, pathAnnotation, "")
	}
}

// MarkSecretFile declares that a flag holds the path of the file of a secret, which may
// also be in an environment variable. It is a MarkPath. If the variable is set, the
// key of the configuration file has no effect; the flag's reader uses the variable when
// the flag is empty.
func MarkSecretFile(flags *pflag.FlagSet, name, variable string) {
	MarkPath(flags, name)
	annotate(flags, name, environmentAnnotation, variable)
}

func annotate(flags *pflag.FlagSet, name, key, value string) {
	if err := flags.SetAnnotation(name, key, []string{value}); err != nil {
		panic(err) // there is no such flag
	}
}

// Load reads the configuration file at path, or without a path the first one of the
// usual places. If none of them has one, the document is empty.
func Load(path string) (*Document, error) {
	if path != "" {
		return read(path)
	}
	return search(places())
}

// search reads the first file that is there.
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

// places are where a configuration file may be, by the XDG Base Directory
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

func read(path string) (*Document, error) {
	data, err := readBounded(path, maxSize)
	if err != nil {
		return nil, fmt.Errorf("configuration file: %w", err)
	}
	return Parse(path, data)
}

// readBounded reads a file of at most limit bytes, which may also be a device or a
// pipe.
func readBounded(path string, limit int) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(io.LimitReader(f, int64(limit)+1)); err != nil {
		return nil, err
	}
	if b.Len() > limit {
		return nil, fmt.Errorf("%s: more than %d kB: not what it should be", path, limit>>10)
	}
	return b.Bytes(), nil
}
