package record

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"
)

// store is the folder. Everything in it is reached through an os.Root, so that no
// symbolic link leads out of it.
type store struct {
	config Config
	root   *os.Root // nil while it is closed
	lock   *os.File // of the folder
	days   []*day   // the oldest first
	added  []string // days that this run has added, in their order
	bytes  int64
	events int

	// What tests replace.
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
	oldest []string // names of files to delete next, sorted
}

// file is a file to be written.
type file struct {
	name string
	data []byte
	sync bool
}

func newStore(c Config) *store {
	return &store{config: c, wall: time.Now, free: freeBytes, sync: (*os.File).Sync, writeFile: func(f *os.File, data []byte) error {
		_, err := f.Write(data)
		return err
	}}
}

// open opens the folder, removes what an unclean stop has left, and counts the rest.
// Margin is what must be free beyond the floor; it may be negative.
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
		return &lowError{free: free, floor: s.config.MinFree}
	}
	return s.probe()
}

// probe reports whether files can be written at all, which the first event would find
// out too late.
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
		_ = s.lock.Close() // nothing is written through it
		s.lock = nil
	}
	if s.root != nil {
		_ = s.root.Close() // the same
		s.root = nil
	}
}

// scan counts what is there.
func (s *store) scan() error {
	entries, err := s.readDir(".")
	if err != nil {
		return err
	}
	s.days, s.bytes, s.events = nil, 0, 0
	for _, e := range entries {
		if !e.IsDir() || !dayName.MatchString(e.Name()) {
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

// sortDays sorts by name, except that what this run has added is newer than the rest: the
// clock may have been wrong, then or now.
func (s *store) sortDays() {
	slices.SortFunc(s.days, func(a, b *day) int {
		if rank := slices.Index(s.added, a.name) - slices.Index(s.added, b.name); rank != 0 {
			return rank
		}
		return strings.Compare(a.name, b.name)
	})
}

// scanDay counts the files of a day, without those that were not finished.
func (s *store) scanDay(name string) (*day, error) {
	entries, err := s.readDir(name)
	if err != nil {
		return nil, err
	}
	d := &day{name: name}
	last := ""
	for _, e := range entries { // sorted by name
		id := eventOf(e.Name())
		if !e.Type().IsRegular() || id == "" && e.Name() != csvName && !temporary.MatchString(e.Name()) {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted in the meantime
		}
		if err != nil {
			return nil, err
		}
		if info.Size() == 0 || temporary.MatchString(e.Name()) {
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

// readDir lists a folder that is no symbolic link, sorted by name.
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

// blocks is what a file takes on the card.
func blocks(size int64) int64 {
	const block = 4096
	return (size + block - 1) / block * block
}

// put writes the files of an event, after it has made room for them, and a line of the
// table unless that is nil.
func (s *store) put(dayName string, files []file, line []string) error {
	if s.day(dayName) == nil {
		if err := s.scan(); err != nil { // once a day, in case others have deleted files
			return err
		}
	}
	need := int64(0)
	for _, f := range files {
		need += blocks(int64(len(f.data)))
	}
	if line != nil {
		need += blocks(1) // of the table, at most one more
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

// has reports whether the event with these files is there. Its JSON, the last file, is.
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

// makeDay returns the day's folder, which is created if it is missing.
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

// makeRoom deletes the oldest events until an event of this size fits.
func (s *store) makeRoom(dayName string, files []file, need int64) error {
	c := &s.config
	for {
		more := 0
		if !s.has(dayName, files) {
			more = 1
		}
		full := c.MaxBytes > 0 && s.bytes+need > c.MaxBytes
		many := c.MaxCount > 0 && s.events+more > c.MaxCount
		if !full && !many {
			break
		}
		if len(s.days) == 0 {
			return fmt.Errorf("an event needs %d bytes, more than the limit of %d", need, c.MaxBytes)
		}
		if err := s.deleteOldest(); err != nil {
			return err
		}
	}
	return s.spare(need)
}

// spare makes sure that need bytes can be written without going below the floor. If
// recording itself has filled the card, the oldest events make room. If others have, it is
// an error: else a log that fills the card would take all pictures with it.
func (s *store) spare(need int64) error {
	free, err := s.free(s.root)
	if err != nil {
		return err
	}
	lack := s.config.MinFree + need - free
	if lack > maxShare*need || lack > s.bytes {
		return &lowError{free: free, floor: s.config.MinFree}
	}
	for keep := s.bytes - lack; s.bytes > keep && len(s.days) > 0; {
		if err := s.deleteOldest(); err != nil {
			return err
		}
	}
	return nil
}

// maxShare is how much more than an event needs may be deleted for it, because others
// also use the card.
const maxShare = 4

// lowError says that too little is free on the card.
type lowError struct{ free, floor int64 }

func (e *lowError) Error() string {
	return fmt.Sprintf("only %d MB are free, and %d MB are to stay free; delete something, or give a smaller --record-min-free",
		e.free/1e6, e.floor/1e6)
}

// deleteOldest deletes the oldest event of the first day or, if it has none, the day.
func (s *store) deleteOldest() error {
	d := s.days[0]
	if len(d.oldest) == 0 {
		names, err := s.eventFiles(d)
		if err != nil {
			return err
		}
		if len(names) == 0 {
			return s.deleteDay(d)
		}
		d.oldest = names
	}
	id := eventOf(d.oldest[0])
	for len(d.oldest) > 0 && eventOf(d.oldest[0]) == id {
		if err := s.delete(d, d.oldest[0]); err != nil {
			return err
		}
		d.oldest = d.oldest[1:]
	}
	if d.events > 0 {
		d.events--
		s.events--
	}
	return nil
}

// eventFiles lists the files of a day's events, sorted by event.
func (s *store) eventFiles(d *day) ([]string, error) {
	entries, err := s.readDir(d.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && eventOf(e.Name()) != "" {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// deleteDay deletes the files of a day, and its folder if nothing of others is in it.
func (s *store) deleteDay(d *day) error {
	names, err := s.eventFiles(d)
	if err != nil {
		return err
	}
	for _, name := range append(names, csvName) {
		if err := s.delete(d, name); err != nil {
			return err
		}
	}
	_ = s.root.Remove(d.name) // fails if it is not empty
	s.bytes -= d.bytes
	s.events -= d.events
	s.days = slices.DeleteFunc(s.days, func(other *day) bool { return other == d })
	return nil
}

// expire deletes the oldest day, if it is older than the limit of days.
func (s *store) expire() error {
	if s.config.MaxDays == 0 {
		return nil
	}
	limit := s.wall().AddDate(0, 0, -s.config.MaxDays).Local().Format(dayForm)
	var old *day
	for _, d := range s.days {
		if d.name < limit && (old == nil || d.name < old.name) {
			old = d
		}
	}
	if old == nil {
		return nil
	}
	return s.deleteDay(old)
}

// delete deletes a regular file of a day and counts it off.
func (s *store) delete(d *day, name string) error {
	size, err := s.size(d, name)
	if err != nil || size < 0 {
		return err
	}
	if err := s.remove(path.Join(d.name, name)); err != nil {
		return err
	}
	s.count(d, -blocks(size))
	return nil
}

func (s *store) remove(name string) error {
	if err := s.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// size is that of a regular file; -1 if there is none.
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

func (s *store) count(d *day, bytes int64) {
	d.bytes += bytes
	s.bytes += bytes
}

// write writes a file as a whole, or not at all.
func (s *store) write(d *day, f file) error {
	before, err := s.size(d, f.name)
	if err != nil {
		return err
	}
	part := path.Join(d.name, temporaryName(f.name))
	if err := s.remove(part); err != nil {
		return err
	}
	err = s.fill(part, f)
	if err == nil {
		err = s.root.Rename(part, path.Join(d.name, f.name))
	}
	if err != nil {
		_ = s.root.Remove(part) // the first error matters
		return err
	}
	s.count(d, blocks(int64(len(f.data)))-blocks(max(before, 0)))
	return nil
}

func (s *store) fill(name string, f file) error {
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

// appendLine adds a line to the table of a day.
func (s *store) appendLine(d *day, line []string) error {
	name := path.Join(d.name, csvName)
	if info, err := s.root.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", path.Join(s.config.Dir, name))
	}
	f, err := s.root.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	return errors.Join(s.addLine(d, f, line), f.Close())
}

func (s *store) addLine(d *day, f *os.File, line []string) error {
	before, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	end, err := lastLineEnd(f, before)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if end == 0 {
		_ = w.Write(columns) // to memory
	}
	_ = w.Write(line)
	w.Flush()
	if _, err := f.Seek(end, io.SeekStart); err != nil {
		return err
	}
	if err := s.writeFile(f, b.Bytes()); err != nil {
		return errors.Join(err, f.Truncate(end))
	}
	after := end + int64(b.Len())
	s.count(d, blocks(after)-blocks(before))
	return f.Truncate(after)
}

// lastLineEnd is the length of a table without a line that a power cut has torn.
func lastLineEnd(f io.ReaderAt, size int64) (int64, error) {
	const window = 4096 // longer than a line
	start := max(0, size-window)
	tail := make([]byte, size-start)
	if _, err := f.ReadAt(tail, start); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if i := bytes.LastIndexByte(tail, '\n'); i >= 0 {
		return start + int64(i) + 1, nil
	}
	if start > 0 {
		return size, nil // no table of ours: only added to
	}
	return 0, nil
}
