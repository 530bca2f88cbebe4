// Package folder reads the pictures of a folder one after the other, in the
// order of their names, and may then wait for others to come. It looks again
// and again, for that works on every system and every network drive.
package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"halfmeg/camera/picture"
)

const (
	// interval is the time from one look to the next.
	interval = 250 * time.Millisecond

	// calm is for how many looks a file must not have changed before it is
	// taken to be whole, and patience after how many one that still cannot be
	// read is given up.
	calm     = 1
	patience = 8
)

// Folder is a folder that is read.
type Folder struct {
	path    string
	watch   bool
	skipped func(error)
	files   map[string]file // what the last look saw; nil before the first
	waiting []string        // names to be read
	shown   bool            // whether there was a picture at all
}

// file is what is known of a file.
type file struct {
	size     int64
	modified time.Time
	looks    int  // since it last changed
	done     bool // shown, or given up
}

// ErrEmpty is the error of a folder without files that is not watched.
var ErrEmpty = errors.New("there are no files in this folder")

// Open looks into the folder of that path. It may be empty if it is watched.
// Skipped is told of each file that is passed over; it is called by Next.
func Open(path string, watch bool, skipped func(error)) (*Folder, error) {
	f := &Folder{path: path, watch: watch, skipped: skipped}
	if err := f.look(); err != nil {
		return nil, err
	}
	if len(f.waiting) == 0 && !watch {
		return nil, fmt.Errorf("%s: %w", path, ErrEmpty)
	}
	return f, nil
}

// Next gives the next picture. After the last one it waits if the folder is
// watched; else the error is io.EOF.
func (f *Folder) Next(ctx context.Context) (*picture.Image, error) {
	for {
		switch err := ctx.Err(); {
		case err != nil:
			return nil, err
		case len(f.waiting) > 0:
			if img := f.read(); img != nil {
				f.shown = true
				return img, nil
			}
		case f.watch:
			if err := f.wait(ctx); err != nil {
				return nil, err
			}
		case f.shown:
			return nil, io.EOF
		default:
			return nil, fmt.Errorf("%s: no file in this folder is a picture that can be read", f.path)
		}
	}
}

// read reads the file that waits longest. One that fails in a watched folder
// may be half written, and gets time.
func (f *Folder) read() *picture.Image {
	name := f.waiting[0]
	f.waiting = f.waiting[1:]
	img, err := picture.DecodeFile(filepath.Join(f.path, name))
	file := f.files[name]
	file.done = err == nil || !f.watch || file.looks >= patience
	f.files[name] = file
	if err != nil && file.done {
		f.skipped(err)
	}
	return img
}

// wait waits its time and looks again.
func (f *Folder) wait(ctx context.Context) error {
	alarm := time.NewTimer(interval)
	defer alarm.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-alarm.C:
		return f.look()
	}
}

// look finds the files that are to be read. Names with a dot before them are
// hidden: so are many a file while it is copied.
func (f *Folder) look() error {
	entries, err := os.ReadDir(f.path) // sorted by name
	if err != nil {
		return err
	}
	files := make(map[string]file, len(entries))
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") {
			continue
		}
		about, err := os.Stat(filepath.Join(f.path, name))
		if err != nil || !about.Mode().IsRegular() { // gone again, or no file
			continue
		}
		now := f.known(name, about)
		files[name] = now
		if !now.done && (now.looks == calm || now.looks == patience) {
			f.waiting = append(f.waiting, name)
		}
	}
	f.files = files
	return nil
}

// known is what is known of a file after another look. Those of the first
// look are taken to be whole.
func (f *Folder) known(name string, about fs.FileInfo) file {
	before, ok := f.files[name]
	switch {
	case f.files == nil:
		return file{size: about.Size(), modified: about.ModTime(), looks: calm}
	case !ok || before.size != about.Size() || !before.modified.Equal(about.ModTime()):
		return file{size: about.Size(), modified: about.ModTime()}
	}
	before.looks++
	return before
}
