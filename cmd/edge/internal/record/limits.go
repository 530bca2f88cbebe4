package record

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
)

// makeRoom deletes the oldest events until need more bytes fit, and the event if it is
// new.
func (s *store) makeRoom(dayName string, files []file, need int64) error {
	c := &s.config
	for {
		added := 0
		if !s.has(dayName, files) {
			added = 1
		}
		tooLarge := c.MaxBytes > 0 && s.bytes+need > c.MaxBytes
		tooMany := c.MaxCount > 0 && s.events+added > c.MaxCount
		if !tooLarge && !tooMany {
			break
		}
		if len(s.days) == 0 {
			return fmt.Errorf("an event needs %d bytes, more than the %d of --record-max-bytes", need, c.MaxBytes)
		}
		if err := s.deleteOldest(); err != nil {
			return err
		}
	}
	return s.freeSpace(need)
}

// freeSpace deletes the oldest events until need bytes can be written without less than
// MinFree remaining. If that would delete much more than need, something else fills the
// card, and freeSpace fails: otherwise a growing log would cause all pictures to be
// deleted.
func (s *store) freeSpace(need int64) error {
	free, err := s.free(s.root)
	if err != nil {
		return err
	}
	missing := s.config.MinFree + need - free
	if missing > maxDeleteFactor*need || missing > s.bytes {
		return &spaceError{free: free, minFree: s.config.MinFree}
	}
	for target := s.bytes - missing; s.bytes > target && len(s.days) > 0; {
		if err := s.deleteOldest(); err != nil {
			return err
		}
	}
	return nil
}

// maxDeleteFactor limits the bytes that are deleted for an event, as a multiple of those
// that it needs. It is above 1 because others also write to the card.
const maxDeleteFactor = 4

// spaceError means that too little space is free on the card.
type spaceError struct{ free, minFree int64 }

func (e *spaceError) Error() string {
	return fmt.Sprintf("only %d MB free, less than the %d MB to keep free: delete something or lower --record-min-free",
		e.free/1e6, e.minFree/1e6)
}

// deleteOldest deletes the oldest event of the oldest day or, if that has none, the day.
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

// deleteDay deletes the files of a day, and its folder if it is empty then.
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

// expire deletes the oldest day if it exceeds the limit of days. It deletes only one day,
// because the clock may be wrong.
func (s *store) expire() error {
	if s.config.MaxDays == 0 {
		return nil
	}
	limit := s.wall().AddDate(0, 0, -s.config.MaxDays).Local().Format(dayLayout)
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

// delete deletes a regular file of a day and subtracts its size.
func (s *store) delete(d *day, name string) error {
	size, err := s.size(d, name)
	if err != nil || size < 0 {
		return err
	}
	if err := s.remove(path.Join(d.name, name)); err != nil {
		return err
	}
	s.addBytes(d, -blocks(size))
	return nil
}
