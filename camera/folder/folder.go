// Package folder reads the pictures of a folder in the order of their names, and
// optionally waits for new ones. It polls, because that works on every system and
// every network file system; inotify does not report files that other machines
// write.
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

	"halfmeg/camera/internal/idle"
	"halfmeg/camera/picture"
)

// ErrEmpty means that a folder that is not watched contains no files.
var ErrEmpty = errors.New("the folder contains no files")

const (
	// pollInterval is the time between two scans of a watched folder: no delay
	// for a person, few system calls for a slow network file system.
	pollInterval = 250 * time.Millisecond

	// stablePolls is the number of polls that must find a file unchanged before
	// it is decoded. One is enough, because a file that turns out to be
	// incomplete is decoded again at its next change.
	stablePolls = 1

	// lastPoll is the number of polls without a change, as in stablePolls, after
	// which a file that could not be decoded is decoded one last time and then
	// skipped: after 2 s, a copy over a network has failed or the file is not a
	// picture.
	lastPoll = 8

	// maxDepth bounds how deep folders in a watched folder are scanned: year, month,
	// day, hour and camera are five.
	maxDepth = 8
)

// Folder iterates over the pictures of a folder.
type Folder struct {
	path    string
	watch   bool
	onSkip  func(error)
	files   map[string]file // as of the last scan; nil before the first
	queue   []string        // names to decode, in order
	decoded bool            // at least one picture was decoded
}

// file is the state of a file as of the last scan.
type file struct {
	size      int64
	modified  time.Time
	unchanged int  // polls since the last change
	done      bool // decoded or skipped
}

// Open scans the folder at path, and, if it is watched, the folders in it. If it is watched it may be empty; otherwise the
// error is ErrEmpty. Next calls onSkip with an error for each file that it skips
// because it cannot be decoded.
func Open(path string, watch bool, onSkip func(error)) (*Folder, error) {
	f := &Folder{path: path, watch: watch, onSkip: onSkip}
	if err := f.scan(); err != nil {
		return nil, err
	}
	if len(f.queue) == 0 && !watch {
		return nil, fmt.Errorf("%s: %w", path, ErrEmpty)
	}
	return f, nil
}

// Next returns the next picture. After the last one it waits for new or changed
// files if the folder is watched; otherwise the error is io.EOF.
func (f *Folder) Next(ctx context.Context) (*picture.Image, error) {
	for {
		switch err := ctx.Err(); {
		case err != nil:
			return nil, err
		case len(f.queue) > 0:
			if img := f.decodeNext(); img != nil {
				f.decoded = true
				return img, nil
			}
		case f.watch:
			if err := f.poll(ctx); err != nil {
				return nil, err
			}
		case f.decoded:
			return nil, io.EOF
		default:
			return nil, fmt.Errorf("%s: no file in this folder is a picture that can be read", f.path)
		}
	}
}

// decodeNext decodes the first file of the queue. It returns nil on failure; in a
// watched folder the file may be incomplete, so it is skipped only at its last
// poll.
func (f *Folder) decodeNext() *picture.Image {
	name := f.queue[0]
	f.queue = f.queue[1:]
	img, err := picture.DecodeFile(filepath.Join(f.path, name))
	file := f.files[name]
	file.done = err == nil || !f.watch || file.unchanged >= lastPoll
	f.files[name] = file
	if err != nil && file.done {
		f.onSkip(err)
	}
	return img
}

// poll waits for the poll interval and scans again.
func (f *Folder) poll(ctx context.Context) error {
	if err := waitToPoll(ctx); err != nil {
		return err
	}
	return f.scan()
}

func waitToPoll(ctx context.Context) error {
	defer idle.Wait(ctx)()
	timer := time.NewTimer(pollInterval)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// scan updates the state of all files and queues those to decode. It ignores
// names that start with a dot: programs such as rsync use them for incomplete
// files.
func (f *Folder) scan() error {
	files := make(map[string]file, len(f.files))
	if err := f.scanFolder(files, "", 0); err != nil {
		return err
	}
	f.files = files
	return nil
}

// scanFolder scans a folder of that name below the root, and the folders in it if
// the root is watched: cameras and recording software create one per day.
func (f *Folder) scanFolder(files map[string]file, folder string, depth int) error {
	entries, err := os.ReadDir(filepath.Join(f.path, folder)) // sorted by name
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		name := filepath.Join(folder, entry.Name())
		if entry.IsDir() && f.watch && depth < maxDepth { // false for links, which may form a circle
			_ = f.scanFolder(files, name, depth+1) // removed since ReadDir, or another user's
			continue
		}
		info, err := os.Stat(filepath.Join(f.path, name)) // follows links, unlike entry.Info
		if err != nil || !info.Mode().IsRegular() {       // err: removed since ReadDir
			continue
		}
		state := f.update(name, info)
		files[name] = state
		if !state.done && (state.unchanged == stablePolls || state.unchanged == lastPoll) {
			f.queue = append(f.queue, name)
		}
	}
	return nil
}

// update returns a file's state after another scan. Files of the first scan are
// assumed to be complete.
func (f *Folder) update(name string, info fs.FileInfo) file {
	state, ok := f.files[name]
	switch {
	case f.files == nil:
		return file{size: info.Size(), modified: info.ModTime(), unchanged: stablePolls}
	case !ok || state.size != info.Size() || !state.modified.Equal(info.ModTime()):
		return file{size: info.Size(), modified: info.ModTime()}
	}
	state.unchanged++
	return state
}
