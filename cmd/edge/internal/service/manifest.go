package service

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"

	"halfmeg/internal/atomicfile"
)

// manifest lists what Install has written. It is written first, so that Uninstall can also
// undo an installation that was interrupted.
type manifest struct {
	Version int               `json:"version"`
	Files   map[string]string `json:"files"` // SHA-256 by path
	Dirs    []string          `json:"dirs"`  // created folders, outer ones first

	// Replaced holds the SHA-256 of the files that the last installation has replaced.
	// After an interrupted one they may still be there.
	Replaced map[string]string `json:"replaced,omitempty"`
}

const manifestVersion = 1

// readManifest returns an empty manifest if there is no file.
func (s *System) readManifest() (*manifest, error) {
	m := &manifest{Version: manifestVersion, Files: map[string]string{}, Replaced: map[string]string{}}
	data, err := os.ReadFile(s.at(manifestPath))
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("%s: %w", s.at(manifestPath), err)
	}
	if m.Version != manifestVersion {
		return nil, fmt.Errorf("%s has version %d, written by a later version of edge: use that one", s.at(manifestPath), m.Version)
	}
	return m, nil
}

// has reports whether the manifest lists a file.
func (m *manifest) has(name string) bool {
	_, ok := m.Files[name]
	return ok
}

// wrote reports whether Install has written a file with this hash.
func (m *manifest) wrote(name, hash string) bool {
	return hash != "" && (hash == m.Files[name] || hash == m.Replaced[name])
}

// addDirs adds folders that are not yet listed.
func (m *manifest) addDirs(dirs []string) {
	for _, dir := range dirs {
		if !slices.Contains(m.Dirs, dir) {
			m.Dirs = append(m.Dirs, dir)
		}
	}
}

// write writes the manifest to its file.
func (s *System) writeManifest(m *manifest) error {
	return atomicfile.Write(s.at(manifestPath), 0o644, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(m)
	})
}

// currentHash returns the hash of a file; it is empty without a file.
func (s *System) currentHash(name string) (string, error) {
	hash, err := hashFile(s.at(name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return hash, err
}

// keepOld returns the step that renames a changed file to NAME.old, or NAME.old2 and so on if
// that exists. systemd ignores units with such names.
func (s *System) keepOld(name string) step {
	old := name + ".old"
	for n := 2; s.exists(old); n++ {
		old = fmt.Sprintf("%s.old%d", name, n)
	}
	return step{fmt.Sprintf("keep %s as %s: it has been changed", s.at(name), s.at(old)), func() error {
		return os.Rename(s.at(name), s.at(old))
	}}
}

// hashFile returns the SHA-256 of a file in hexadecimal digits.
func hashFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func hashText(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
