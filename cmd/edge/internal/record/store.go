package record

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// store is the folder. All access is through an os.Root, so that symbolic links cannot
// lead out of the folder.
type store struct {
	config Config
	root   *os.Root // nil while the store is closed
	lock   *os.File // of the folder
	days   []*day   // the oldest first
	added  []string // days to which this run has added events, in this order
	bytes  int64
	events int

	// Tests replace these.
	wall      func() time.Time // the system's clock
	free      func(*os.Root) (int64, error)
	writeFile func(*os.File, []byte) error
	sync      func(*os.File) error
}

// day is a folder of the store.
type day struct {
	name   string
	bytes  int64
	events int
	oldest []string // files to delete next, sorted by name
}

// file is a file to be written.
type file struct {
	name string
	data []byte
	sync bool // to the card
}

func newStore(c Config) *store {
	return &store{config: c, wall: time.Now, free: freeBytes, sync: (*os.File).Sync, writeFile: func(f *os.File, data []byte) error {
		_, err := f.Write(data)
		return err
	}}
}

// open opens the folder, removes unfinished files of an earlier run, and counts the
// rest. It fails unless MinFree+margin bytes are free; margin may be negative.
func (s *store) open(margin int64) error {
	s.close()
	if err := os.MkdirAll(s.config.Dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(s.config.Dir)
	if err != nil {
		return err
	}
	s.root = root
	if s.lock, err = lockFolder(root); err != nil {
		return err
	}
	if err := s.scan(); err != nil {
		return err
	}
	free, err := s.free(root)
	if err != nil {
		return err
	}
	if free < s.config.MinFree+margin {
		return &spaceError{free: free, minFree: s.config.MinFree}
	}
	return s.probe()
}

// probe creates and removes a file, so that an unwritable folder is reported before the
// first event.
func (s *store) probe() error {
	const name = ".halfmeg.part"
	f, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), s.root.Remove(name))
}

func (s *store) close() {
	if s.lock != nil {
		_ = s.lock.Close() // opened for reading
		s.lock = nil
	}
	if s.root != nil {
		_ = s.root.Close()
		s.root = nil
	}
}

// scan counts the files and events in the folder.
func (s *store) scan() error {
	entries, err := s.readDir(".")
	if err != nil {
		return err
	}
	s.days, s.bytes, s.events = nil, 0, 0
	for _, e := range entries {
		if !e.IsDir() || !dayName().MatchString(e.Name()) {
			continue
		}
		d, err := s.scanDay(e.Name())
		if err != nil {
			return err
		}
		s.days = append(s.days, d)
		s.bytes += d.bytes
		s.events += d.events
	}
	s.sortDays()
	return nil
}

// sortDays sorts the days by name, but those to which this run has added events last: the
// clock may be wrong, or have been wrong.
func (s *store) sortDays() {
	slices.SortFunc(s.days, func(a, b *day) int {
		if rank := slices.Index(s.added, a.name) - slices.Index(s.added, b.name); rank != 0 {
			return rank
		}
		return strings.Compare(a.name, b.name)
	})
}

// scanDay counts the files of a day and removes unfinished ones.
func (s *store) scanDay(name string) (*day, error) {
	entries, err := s.readDir(name)
	if err != nil {
		return nil, err
	}
	d := &day{name: name}
	last := ""
	for _, e := range entries { // sorted by name
		id := eventOf(e.Name())
		if !e.Type().IsRegular() || id == "" && e.Name() != csvName && !temporary().MatchString(e.Name()) {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted since readDir
		}
		if err != nil {
			return nil, err
		}
		if info.Size() == 0 || temporary().MatchString(e.Name()) {
			if err := s.remove(path.Join(name, e.Name())); err != nil {
				return nil, err
			}
			continue
		}
		d.bytes += blocks(info.Size())
		if id != "" && id != last {
			d.events++
			last = id
		}
	}
	return d, nil
}

// readDir lists a folder, sorted by name. A symbolic link is an error.
func (s *store) readDir(name string) ([]fs.DirEntry, error) {
	info, err := s.root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, fmt.Errorf("%s is not a folder", path.Join(s.config.Dir, name))
	}
	f, err := s.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, err
}

// blocks returns the space that a file occupies on the card.
func blocks(size int64) int64 {
	const block = 4096
	return (size + block - 1) / block * block
}

// put deletes old events to make room, then writes the files of an event and, unless it
// is nil, a line of the table.
func (s *store) put(dayName string, files []file, line []string) error {
	if s.day(dayName) == nil {
		if err := s.scan(); err != nil { // once a day, because others may have deleted files
			return err
		}
	}
	need := int64(0)
	for _, f := range files {
		need += blocks(int64(len(f.data)))
	}
	if line != nil {
		need += blocks(1) // the table grows by at most one block
	}
	if err := s.makeRoom(dayName, files, need); err != nil {
		return err
	}
	d, err := s.makeDay(dayName)
	if err != nil {
		return err
	}
	isNew := !s.has(dayName, files)
	for _, f := range files {
		if err := s.write(d, f); err != nil {
			return err
		}
	}
	if isNew {
		d.events++
		s.events++
	}
	if line == nil {
		return nil
	}
	return s.appendLine(d, line)
}

// has reports whether the event with these files exists, by its JSON, the last file.
func (s *store) has(dayName string, files []file) bool {
	return s.exists(dayName, files[len(files)-1].name)
}

func (s *store) exists(dayName, name string) bool {
	_, err := s.root.Lstat(path.Join(dayName, name))
	return name != "" && err == nil
}

func (s *store) day(name string) *day {
	if i := slices.IndexFunc(s.days, func(d *day) bool { return d.name == name }); i >= 0 {
		return s.days[i]
	}
	return nil
}

// makeDay returns a day and creates its folder if necessary.
func (s *store) makeDay(name string) (*day, error) {
	err := s.root.Mkdir(name, 0o755)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if info, err := s.root.Lstat(name); err != nil || !info.IsDir() {
		return nil, errors.Join(err, fmt.Errorf("%s is not a folder", path.Join(s.config.Dir, name)))
	}
	d := s.day(name)
	if d == nil {
		d = &day{name: name}
		s.days = append(s.days, d)
	}
	if !slices.Contains(s.added, name) {
		s.added = append(s.added, name)
		s.sortDays()
	}
	return d, nil
}

func (s *store) remove(name string) error {
	if err := s.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// size returns the size of a regular file, or -1 if there is none.
func (s *store) size(d *day, name string) (int64, error) {
	info, err := s.root.Lstat(path.Join(d.name, name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return -1, nil
	case err != nil:
		return 0, err
	case !info.Mode().IsRegular():
		return -1, nil
	}
	return info.Size(), nil
}

// addBytes adds to the count of bytes.
func (s *store) addBytes(d *day, bytes int64) {
	d.bytes += bytes
	s.bytes += bytes
}

// write writes a file atomically.
func (s *store) write(d *day, f file) error {
	before, err := s.size(d, f.name)
	if err != nil {
		return err
	}
	part := path.Join(d.name, temporaryName(f.name))
	if err := s.remove(part); err != nil {
		return err
	}
	err = s.writeTemporary(part, f)
	if err == nil {
		err = s.root.Rename(part, path.Join(d.name, f.name))
	}
	if err != nil {
		_ = s.root.Remove(part)
		return err
	}
	s.addBytes(d, blocks(int64(len(f.data)))-blocks(max(before, 0)))
	return nil
}

func (s *store) writeTemporary(name string, f file) error {
	out, err := s.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	err = s.writeFile(out, f.data)
	if err == nil && f.sync {
		err = s.sync(out)
	}
	return errors.Join(err, out.Close())
}
