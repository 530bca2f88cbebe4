package record

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
)

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
			return fmt.Errorf("an event needs %d bytes, more than the %d of --record-max-bytes", need, c.MaxBytes)
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
	return fmt.Sprintf("only %d MB free, less than the %d MB to keep free: delete something or lower --record-min-free",
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
