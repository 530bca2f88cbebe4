package record

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera"
	"halfmeg/camera/pixel"
	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/pipeline"
	"halfmeg/cmd/edge/internal/snapshot"
	"halfmeg/model/classify"
)

// noon is when the events of these tests start.
var noon = time.Date(2026, 11, 27, 12, 0, 0, 0, time.Local)

// jpegOf returns the JPEG of a camera, which contains a text.
func jpegOf(text string) []byte { return []byte("\xff\xd8" + text + "\xff\xd9") }

func picture(text string) *snapshot.Snapshot {
	frame := &camera.Frame{JPEG: jpegOf(text), Time: noon}
	return snapshot.New(frame, &pixel.Image{})
}

func appeared(number int, name string, start time.Time) decision.Event {
	class := number
	return decision.Event{
		Version: decision.EventVersion, ID: fmt.Sprintf("%s-%08x", start.UTC().Format(idTimeLayout), number), Type: decision.Appeared,
		Name: name, Label: name + ", second name", Class: &class, Start: start, Probability: 0.5, Peak: 0.5,
	}
}

func gone(e decision.Event, duration time.Duration, peak float64) decision.Event {
	end := e.Start.Add(duration)
	e.Type, e.End, e.Duration, e.Peak, e.Probability = decision.Gone, &end, duration.Seconds(), peak, 0.1
	return e
}

// at returns an observation at a second of the run.
func at(elapsed float64, p *snapshot.Snapshot, events ...decision.Event) *pipeline.Observation {
	return &pipeline.Observation{
		Results: []classify.Class{{Label: "x", Probability: 0.5}}, Elapsed: elapsed, Snapshot: p, Events: events,
		Time: noon.Add(time.Duration(elapsed * float64(time.Second))),
	}
}

// seeing returns an observation with an answer that is on.
func seeing(elapsed float64, p *snapshot.Snapshot, e decision.Event, probability float64) *pipeline.Observation {
	o := at(elapsed, p)
	o.Answers = []decision.Answer{{Index: *e.Class, Name: e.Name, Probability: probability, On: true}}
	return o
}

// newSink returns a sink and the list of its warnings.
func newSink(t *testing.T, c Config) (*Sink, *[]string) {
	t.Helper()
	if c.Dir == "" {
		c.Dir = filepath.Join(t.TempDir(), "records")
	}
	var warnings []string
	c.Warn = func(err error) { warnings = append(warnings, err.Error()) }
	s, err := New(c)
	require.NoError(t, err)
	return s, &warnings
}

// tree maps the files below a folder to their contents.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		require.NoError(t, err)
		data, err := os.ReadFile(path)
		files[filepath.ToSlash(name)] = string(data)
		return err
	}))
	return files
}

func readEvent(t *testing.T, text string) decision.Event {
	t.Helper()
	var e decision.Event
	require.NoError(t, json.Unmarshal([]byte(text), &e))
	return e
}

func readTable(t *testing.T, text string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	return rows
}

func TestEvent(t *testing.T) {
	s, warnings := newSink(t, Config{PreRoll: 2})
	var synced []string
	s.store.sync = func(f *os.File) error {
		synced = append(synced, filepath.Base(f.Name()))
		return f.Sync()
	}
	for i := range 4 { // the pre-roll is half a second apart
		require.NoError(t, s.Observe(at(0.3*float64(i), picture(fmt.Sprint("before ", i)))))
	}
	e := appeared(3, "robin", noon)
	require.NoError(t, s.Observe(at(1.2, picture("first"), e)))
	const stem = "2026-11-27/"
	id := e.ID
	files := tree(t, s.config.Dir)
	require.Len(t, files, 4)
	require.Equal(t, string(jpegOf("first")), files[stem+id+"-robin.jpg"])
	require.Equal(t, string(jpegOf("before 0")), files[stem+id+"-pre1.jpg"])
	require.Equal(t, string(jpegOf("before 2")), files[stem+id+"-pre2.jpg"])
	written := readEvent(t, files[stem+id+"-robin.json"])
	require.Equal(t, id+"-robin.jpg", written.Snapshot)
	require.Equal(t, decision.Appeared, written.Type)
	require.Nil(t, written.End)

	require.NoError(t, s.Observe(seeing(1.3, picture("a little better"), e, 0.52)))
	require.Nil(t, s.active[0].picture, "too small an increase")
	require.NoError(t, s.Observe(seeing(1.4, picture("best"), e, 0.9)))
	require.NoError(t, s.Observe(seeing(1.5, picture("worse"), e, 0.7)))
	require.Equal(t, string(jpegOf("first")), tree(t, s.config.Dir)[stem+id+"-robin.jpg"], "the best picture is written at the end")
	require.NoError(t, s.Observe(at(5, picture("last"), gone(e, 3*time.Second, 0.91))))
	require.NoError(t, s.Close())

	files = tree(t, s.config.Dir)
	require.Len(t, files, 5)
	require.Equal(t, string(jpegOf("best")), files[stem+id+"-robin.jpg"])
	written = readEvent(t, files[stem+id+"-robin.json"])
	require.Equal(t, decision.Gone, written.Type)
	require.Equal(t, id+"-robin.jpg", written.Snapshot)
	require.True(t, written.End.Equal(noon.Add(3*time.Second)))
	require.Equal(t, 0.91, written.Peak)
	start, end := noon.Format(timeLayout), noon.Add(3*time.Second).Format(timeLayout)
	require.Equal(t, [][]string{columns, {
		id, "", "robin", "robin, second name", "3", "false", start, end, "3.000", "0.910000", id + "-robin.jpg",
	}}, readTable(t, files[stem+csvName]))
	require.Empty(t, *warnings)
	require.Equal(t, []string{temporaryName(id + "-robin.jpg"), temporaryName(id + "-robin.json")}, synced, "only when it appears")
}

// Pictures are requested only when they are needed.
func TestWantsPicture(t *testing.T) {
	s, _ := newSink(t, Config{Events: []string{"Robin", "bird"}})
	e, other := appeared(3, "robin", noon), appeared(4, "cup", noon)
	require.False(t, s.WantsPicture(at(0, nil)))
	require.False(t, s.WantsPicture(at(0, nil, other)))
	require.False(t, s.WantsPicture(at(0, nil, gone(e, 1, 1))))
	require.True(t, s.WantsPicture(at(0, nil, other, e)))
	require.False(t, s.WantsPicture(seeing(0, nil, e, 0.9)), "it has not appeared")
	require.NoError(t, s.Observe(at(0, picture("a"), other, e)))
	require.False(t, s.WantsPicture(seeing(1, nil, e, 0.52)))
	require.True(t, s.WantsPicture(seeing(1, nil, e, 0.6)))
	require.False(t, s.WantsPicture(seeing(1, nil, other, 0.9)))
	require.NoError(t, s.Observe(seeing(1, picture("b"), e, 0.6)))
	require.False(t, s.WantsPicture(seeing(2, nil, e, 0.6)))
	require.NoError(t, s.Observe(at(3, nil, gone(e, 1, 1))))
	require.False(t, s.WantsPicture(seeing(4, nil, e, 0.99)))
	require.False(t, s.WantsPicture(&pipeline.Observation{Events: []decision.Event{e}}), "there is no frame")

	s, _ = newSink(t, Config{PreRoll: 1})
	require.True(t, s.WantsPicture(at(0, nil)))
	require.NoError(t, s.Observe(at(0, picture("a"))))
	require.False(t, s.WantsPicture(at(0.4, nil)))
	require.True(t, s.WantsPicture(at(0.5, nil)))
}

func TestSelectedEvents(t *testing.T) {
	s, _ := newSink(t, Config{Events: []string{"second NAME", " dog "}})
	e := appeared(1, "robin", noon)
	require.True(t, s.selects(&e))
	require.True(t, s.selects(&decision.Event{Name: "Dog", Group: true}))
	s.names["#7"] = true
	other := appeared(7, "hen", noon)
	other.Label = "hen"
	require.True(t, s.selects(&other))
	require.False(t, s.selects(&decision.Event{Name: "cat", Label: "cat, hot dog"}))
	require.NoError(t, s.Observe(at(0, picture("a"), decision.Event{Type: decision.Appeared, Name: "cat"})))
	require.Empty(t, tree(t, s.config.Dir))
}

func TestConfig(t *testing.T) {
	for _, c := range []Config{
		{}, {Dir: "a", PreRoll: -1}, {Dir: "a", PreRoll: MaxPreRoll + 1}, {Dir: "a", MaxBytes: -1}, {Dir: "a", MaxCount: -1},
		{Dir: "a", MaxDays: -1}, {Dir: "a", MinFree: -1},
	} {
		_, err := New(c)
		require.Error(t, err)
	}
}

// Pictures from before a failure of the camera, or from another camera, are not part of
// the pre-roll.
func TestPreRoll(t *testing.T) {
	s, _ := newSink(t, Config{PreRoll: 3})
	require.NoError(t, s.Observe(at(0, picture("long ago"))))
	require.NoError(t, s.Observe(at(60, picture("before"))))
	door := at(60.2, picture("at the door"))
	door.Camera = "door"
	require.NoError(t, s.Observe(door))
	e := appeared(3, "robin", noon)
	require.NoError(t, s.Observe(at(60.5, picture("first"), e)))
	files := tree(t, s.config.Dir)
	require.Len(t, files, 3)
	require.Equal(t, string(jpegOf("before")), files["2026-11-27/"+e.ID+"-pre1.jpg"])
}

// The memory of kept pictures is limited, whatever their size.
func TestPictureMemory(t *testing.T) {
	large := strings.Repeat("x", maxPictureBytes/3)
	r := &ring{size: MaxPreRoll}
	for i := range MaxPreRoll {
		r.add(picture(large), float64(i))
	}
	require.Len(t, r.entries, 2)
	s, _ := newSink(t, Config{Dir: filepath.Join(os.DevNull, "a")})
	for i := range 5 {
		require.NoError(t, s.Observe(at(0, picture(large), appeared(i, "robin", noon))))
	}
	kept := 0
	for _, v := range s.active {
		if v.picture != nil {
			kept++
		}
	}
	require.Equal(t, 2, kept)
	require.True(t, s.canKeep(s.active[0].picture), "a picture that is kept already counts once")
}

// An event is recorded even if the sink missed its beginning and has no picture.
func TestEventWithoutPicture(t *testing.T) {
	s, _ := newSink(t, Config{})
	e := appeared(3, "robin", noon)
	require.NoError(t, s.Observe(&pipeline.Observation{Events: []decision.Event{gone(e, time.Second, 0.6)}}))
	files := tree(t, s.config.Dir)
	require.Len(t, files, 2)
	require.Empty(t, readEvent(t, files["2026-11-27/"+e.ID+"-robin.json"]).Snapshot)
	require.Len(t, readTable(t, files["2026-11-27/events.csv"]), 2)
}

// The JSON does not name a picture that was deleted to make room.
func TestDeletedPicture(t *testing.T) {
	s, _ := newSink(t, Config{MaxCount: 1})
	first, second := appeared(1, "robin", noon), appeared(2, "jay", noon)
	require.NoError(t, s.Observe(at(0, picture("a"), first, second)))
	require.NoError(t, s.Observe(at(0, nil, gone(first, 1, 1))))
	files := tree(t, s.config.Dir)
	require.Len(t, files, 2)
	require.Empty(t, readEvent(t, files["2026-11-27/"+first.ID+"-robin.json"]).Snapshot)
}

// Special characters of a label reach neither a path nor the table.
func TestUntrustedNames(t *testing.T) {
	s, _ := newSink(t, Config{})
	e := appeared(3, "../../=cmd|\n\"a\";,b", noon)
	e.ID, e.Label = "../x", "=1+1"
	require.NoError(t, s.Observe(at(0, picture("a"), e)))
	require.NoError(t, s.Observe(at(1, nil, gone(e, time.Second, 1))))
	files := tree(t, s.config.Dir)
	require.Len(t, files, 3)
	for name := range files {
		require.Regexp(t, `^2026-11-27/([0-9TZ.]+-[0-9a-f]{8}-cmd-a-b\.(jpg|json)|events\.csv)$`, name)
	}
	require.Equal(t, []string{"../x", "", "../../=cmd| \"a\";,b", "'=1+1"}, readTable(t, files["2026-11-27/events.csv"])[1][:4])
}

// After a restart the table continues after its last complete line, and unfinished files
// are removed.
func TestRestart(t *testing.T) {
	s, _ := newSink(t, Config{MaxCount: 2})
	first := appeared(1, "robin", noon)
	require.NoError(t, s.Observe(at(0, picture("a"), first)))
	require.NoError(t, s.Observe(at(0, nil, gone(first, 1, 1))))
	require.NoError(t, s.Close())
	day := filepath.Join(s.config.Dir, "2026-11-27")
	whole := tree(t, day)[csvName]
	write := func(name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(day, name), []byte(text), 0o600))
	}
	write(csvName, whole+"20261127T1200")
	write(temporaryName(first.ID+"-robin.jpg"), "half")
	write("20261127T110000.000Z-00000001-jay.json", "") // left by a power cut
	write(".foreign.part", "")
	write("notes.txt", "")

	c := s.config
	s, _ = newSink(t, c)
	require.NoError(t, s.Observe(at(0, nil)))
	files := tree(t, day)
	require.Len(t, files, 5)
	require.Contains(t, files, ".foreign.part")
	require.Contains(t, files, "notes.txt")
	second := appeared(2, "jay", noon.Add(time.Second))
	require.NoError(t, s.Observe(at(0, picture("b"), second)))
	require.NoError(t, s.Observe(at(0, nil, gone(second, 1, 1))))
	rows := readTable(t, tree(t, day)[csvName])
	require.Len(t, rows, 3)
	require.Equal(t, first.ID, rows[1][0])
	require.Equal(t, second.ID, rows[2][0])

	third := appeared(3, "wren", noon.Add(2*time.Second)) // the limit includes events of the earlier run
	require.NoError(t, s.Observe(at(0, picture("c"), third)))
	files = tree(t, day)
	require.NotContains(t, files, first.ID+"-robin.jpg")
	require.NotContains(t, files, first.ID+"-robin.json")
	require.Contains(t, files, second.ID+"-jay.jpg")
}

// measure counts the files on disk by their names, independently of the store.
func measure(t *testing.T, dir string) (bytes int64, events int, days map[string]bool) {
	t.Helper()
	ids, days := map[string]bool{}, map[string]bool{}
	for name, data := range tree(t, dir) {
		day, base := filepath.Dir(name), filepath.Base(name)
		if len(day) != len(dayLayout) || base != csvName && !strings.Contains(base, "Z-") {
			continue
		}
		require.NotContains(t, base, ".part")
		bytes += (int64(len(data)) + 4095) / 4096 * 4096
		days[day] = true
		if base != csvName {
			ids[day+base[:len("20261127T120000.000Z-00000001")]] = true
		}
	}
	return bytes, len(ids), days
}

// The limits hold after every step, across restarts, for events of any size on any day.
// Other files are not deleted.
func TestLimitsHold(t *testing.T) {
	for seed := range uint64(10) {
		rng := rand.New(rand.NewPCG(seed, 1))
		c := Config{
			Dir: t.TempDir(), MaxBytes: 40_000 + rng.Int64N(200_000), MaxCount: 1 + rng.IntN(10), PreRoll: rng.IntN(3),
		}
		foreign := filepath.Join(c.Dir, "2026-11-20", "mine.jpg")
		require.NoError(t, os.MkdirAll(filepath.Dir(foreign), 0o755))
		require.NoError(t, os.WriteFile(foreign, make([]byte, 100_000), 0o600))
		newSink := func() (*Sink, *[]string) {
			s, warnings := newSink(t, c)
			s.store.sync = func(*os.File) error { return nil } // sync takes most of the time
			return s, warnings
		}
		s, warnings := newSink()
		var active []decision.Event
		for step := range 60 {
			elapsed := float64(step)
			p := picture(strings.Repeat("x", rng.IntN(9_000)))
			switch {
			case rng.IntN(20) == 0:
				require.NoError(t, s.Close())
				s, warnings = newSink()
			case len(active) > 0 && rng.IntN(2) == 0:
				i := rng.IntN(len(active))
				require.NoError(t, s.Observe(seeing(elapsed, p, active[i], rng.Float64())))
				require.NoError(t, s.Observe(at(elapsed, p, gone(active[i], time.Second, 0.9))))
				active = append(active[:i], active[i+1:]...)
			default:
				e := appeared(step, "robin", noon.Add(time.Duration(rng.IntN(10*24))*time.Hour))
				require.NoError(t, s.Observe(at(elapsed, p, e)))
				active = append(active, e)
			}
			bytes, events, _ := measure(t, c.Dir)
			require.LessOrEqual(t, bytes, c.MaxBytes, "seed %d, step %d", seed, step)
			require.LessOrEqual(t, events, c.MaxCount, "seed %d, step %d", seed, step)
			if s.started {
				require.Equal(t, bytes, s.store.bytes, "seed %d, step %d", seed, step)
				require.Equal(t, events, s.store.events, "seed %d, step %d", seed, step)
			}
		}
		require.Empty(t, *warnings, "seed %d", seed)
		require.FileExists(t, foreign)
		require.NoError(t, s.Close())
	}
}

// The oldest events are deleted first, and a day's folder with its last event.
func TestOldestFirst(t *testing.T) {
	s, _ := newSink(t, Config{MaxCount: 2})
	for i := range 4 {
		e := appeared(i, "robin", noon.AddDate(0, 0, i))
		require.NoError(t, s.Observe(at(0, picture("a"), e)))
		require.NoError(t, s.Observe(at(0, nil, gone(e, 1, 1))))
	}
	_, events, _ := measure(t, s.config.Dir)
	require.Equal(t, 2, events)
	require.FileExists(t, filepath.Join(s.config.Dir, "2026-11-30", appeared(3, "robin", noon.AddDate(0, 0, 3)).ID+"-robin.jpg"))
	require.NoDirExists(t, filepath.Join(s.config.Dir, "2026-11-27"))
}

// A Pi without a clock starts in 1970. Events that it records then count as the latest.
func TestClockInThePast(t *testing.T) {
	s, _ := newSink(t, Config{MaxCount: 3})
	for i := range 3 {
		require.NoError(t, s.Observe(at(0, picture("a"), appeared(i, "robin", noon))))
	}
	require.NoError(t, s.Close())
	for run := range 2 { // in the second run the folder already exists
		s, _ = newSink(t, s.config)
		epoch := time.Unix(100, 0)
		for i := range 3 {
			require.NoError(t, s.Observe(at(0, picture("a"), appeared(10*run+i, "robin", epoch))))
		}
		for i := range 3 {
			require.Contains(t, tree(t, s.config.Dir), dayOf(epoch)+"/"+appeared(10*run+i, "robin", epoch).ID+"-robin.jpg")
		}
		require.NoError(t, s.Close())
	}
	require.Equal(t, dayOf(time.Unix(0, 0)), dayOf(time.Date(50_000, 1, 1, 0, 0, 0, 0, time.UTC)))
}

// Expired days are deleted one per hour, whatever the clock jumps to.
func TestMaxDays(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s, _ := newSink(t, Config{Dir: dir, MaxDays: 2})
		wall := noon
		s.store.wall = func() time.Time { return wall }
		for i := range 5 {
			require.NoError(t, s.Observe(at(0, picture("a"), appeared(i, "robin", noon.AddDate(0, 0, -i)))))
		}
		days := func() int {
			require.NoError(t, s.Observe(at(0, nil)))
			_, _, days := measure(t, dir)
			return len(days)
		}
		require.Equal(t, 5, days())
		time.Sleep(time.Hour)
		require.Equal(t, 4, days())
		require.NoDirExists(t, filepath.Join(dir, "2026-11-23"))
		require.Equal(t, 4, days(), "one per hour")
		time.Sleep(time.Hour)
		require.Equal(t, 3, days())
		time.Sleep(time.Hour)
		require.Equal(t, 3, days(), "two days and today are kept")
		wall = noon.AddDate(30, 0, 0)
		time.Sleep(time.Hour)
		require.Equal(t, 2, days())
		wall = time.Unix(0, 0)
		time.Sleep(100 * time.Hour)
		require.Equal(t, 2, days())
	})
}

// A full card is reported once, leaves no incomplete file and does not end the run. Events
// that are still active when there is space again are recorded.
func TestFullCard(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "records")
	synctest.Test(t, func(t *testing.T) {
		s, warnings := newSink(t, Config{Dir: dir})
		full := false
		write := s.store.writeFile
		s.store.writeFile = func(f *os.File, data []byte) error {
			if !full {
				return write(f, data)
			}
			_, err := f.Write(data[:len(data)/2])
			return errors.Join(err, syscall.ENOSPC)
		}
		before := appeared(0, "wren", noon)
		require.NoError(t, s.Observe(at(0, picture("w"), before)))
		untouched := tree(t, dir)
		full = true
		lost := appeared(1, "robin", noon)
		stays := appeared(2, "jay", noon)
		require.NoError(t, s.Observe(at(0, picture("a"), lost, stays)))
		require.Equal(t, untouched, tree(t, dir))
		for range 100 {
			time.Sleep(time.Minute)
			require.NoError(t, s.Observe(at(0, nil)))
		}
		require.NoError(t, s.Observe(at(0, nil, gone(before, 1, 1), gone(lost, 1, 1))))
		require.Equal(t, untouched, tree(t, dir), "files are replaced atomically")
		require.Len(t, *warnings, 1)
		require.Contains(t, (*warnings)[0], "recording in "+dir+" stopped: no space left on device")
		full = false
		time.Sleep(maxRetry)
		require.NoError(t, s.Observe(at(0, nil)))
		require.Equal(t, []string{"recording in " + dir + " resumed; not recorded: 2 events"}, (*warnings)[1:])
		require.Equal(t, string(jpegOf("a")), tree(t, dir)["2026-11-27/"+stays.ID+"-jay.jpg"])
		require.NoError(t, s.Observe(at(0, nil, gone(stays, 1, 1))))
		require.Len(t, readTable(t, tree(t, dir)["2026-11-27/events.csv"]), 2)
		require.NoError(t, s.Close())
		require.Len(t, *warnings, 2)
	})
}

// The table keeps its complete lines when the card is full.
func TestTableOnFullCard(t *testing.T) {
	s, _ := newSink(t, Config{})
	e := appeared(1, "robin", noon)
	require.NoError(t, s.Observe(at(0, nil, gone(e, 1, 1))))
	table := tree(t, s.config.Dir)["2026-11-27/events.csv"]
	write := s.store.writeFile
	s.store.writeFile = func(f *os.File, data []byte) error {
		if filepath.Base(f.Name()) != csvName {
			return write(f, data)
		}
		_, err := f.Write(data[:len(data)/2])
		return errors.Join(err, syscall.ENOSPC)
	}
	require.NoError(t, s.Observe(at(0, nil, gone(appeared(2, "robin", noon), 1, 1))))
	require.Equal(t, table, tree(t, s.config.Dir)["2026-11-27/events.csv"])
}

// card is a card of limited size that others also use.
type card struct {
	t      *testing.T
	dir    string
	size   int64
	others int64
}

func (c *card) free(*os.Root) (int64, error) {
	bytes, _, _ := measure(c.t, c.dir)
	return c.size - c.others - bytes, nil
}

// recordOne records an event and returns the number of events in the folder.
func recordOne(t *testing.T, s *Sink, number int) int {
	t.Helper()
	e := appeared(number, "robin", noon)
	require.NoError(t, s.Observe(at(0, picture("a"), e)))
	require.NoError(t, s.Observe(at(0, nil, gone(e, 1, 1))))
	time.Sleep(maxRetry)
	require.NoError(t, s.Observe(at(0, nil)))
	_, events, _ := measure(t, s.config.Dir)
	return events
}

// If recording fills the card, the oldest events are deleted. If others fill it, recording
// stops and deletes nothing.
func TestMinFree(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "records")
	synctest.Test(t, func(t *testing.T) {
		const minFree = 500_000_000
		s, warnings := newSink(t, Config{Dir: dir, MinFree: minFree})
		c := &card{t: t, dir: dir, size: minFree + 10*8192 + 4096}
		require.NoError(t, os.MkdirAll(dir, 0o755))
		s.store.free = c.free
		for i := range 20 { // an event takes 8192, and the table of the day 4096
			require.LessOrEqual(t, recordOne(t, s, i), 10)
		}
		require.GreaterOrEqual(t, recordOne(t, s, 20), 8)
		require.Empty(t, *warnings)
		require.Contains(t, tree(t, dir), "2026-11-27/"+appeared(20, "robin", noon).ID+"-robin.jpg")

		c.others += 8192 // such as a log that grows
		before := recordOne(t, s, 21)
		require.GreaterOrEqual(t, before, 6)
		require.Empty(t, *warnings)

		bytes, _, _ := measure(t, dir)
		require.Greater(t, bytes, int64(48_000), "there are enough bytes to delete")
		c.others += 48_000
		for i := range 5 {
			require.Equal(t, before, recordOne(t, s, 30+i))
		}
		c.others += 1e6 - 48_000
		for i := range 5 {
			require.Equal(t, before, recordOne(t, s, 35+i))
		}
		require.Len(t, *warnings, 1)
		require.Contains(t, (*warnings)[0], "MB free, less than the 500 MB to keep free: delete something")

		c.others -= 1e6 + 8192 // space for one event, but not enough to resume
		require.Equal(t, before, recordOne(t, s, 40))
		require.Len(t, *warnings, 1)
		c.others -= freeMargin
		require.Equal(t, before+1, recordOne(t, s, 41))
		require.Len(t, *warnings, 2)
		require.NoError(t, s.Close())

		c.others = 1e6 // after a restart too, more would have to be deleted than maxDeleteFactor allows
		s, warnings = newSink(t, s.config)
		s.store.free = c.free
		recordOne(t, s, 50)
		require.Len(t, *warnings, 1)
		require.NoError(t, s.Close())
		c.others = 4096 // a few bytes below MinFree recording continues
		s, warnings = newSink(t, s.config)
		s.store.free = c.free
		recordOne(t, s, 51)
		require.Empty(t, *warnings)
		require.NoError(t, s.Close())
		c.others = freeMargin + 1e6 // recording does not start
		s, warnings = newSink(t, s.config)
		s.store.free = c.free
		require.NoError(t, s.Observe(at(0, nil)))
		require.Len(t, *warnings, 1, "reported at the start")

		s, warnings = newSink(t, Config{Dir: filepath.Join(dir, "empty"), MinFree: minFree})
		s.store.free = func(*os.Root) (int64, error) { return minFree + 4096, nil }
		require.Zero(t, recordOne(t, s, 52), "there is nothing to delete")
		require.Len(t, *warnings, 1)
	})
}

func TestFreeBytes(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	defer root.Close()
	free, err := freeBytes(root)
	require.NoError(t, err)
	require.Positive(t, free)
}

// A folder that cannot be created is reported at the start, and created when that is
// possible.
func TestMissingFolder(t *testing.T) {
	parent := filepath.Join(t.TempDir(), "card")
	require.NoError(t, os.WriteFile(parent, nil, 0o600))
	synctest.Test(t, func(t *testing.T) {
		s, warnings := newSink(t, Config{Dir: filepath.Join(parent, "records")})
		require.NoError(t, s.Observe(at(0, nil)))
		require.Len(t, *warnings, 1)
		require.Contains(t, (*warnings)[0], "not a directory")
		time.Sleep(minRetry)
		require.NoError(t, s.Observe(at(0, nil)))
		require.Len(t, *warnings, 1)
		require.NoError(t, os.Remove(parent))
		time.Sleep(maxRetry)
		require.NoError(t, s.Observe(at(0, picture("a"), appeared(1, "robin", noon))))
		require.Len(t, *warnings, 2)
		require.Len(t, tree(t, s.config.Dir), 2)

		// A folder that was deleted is created again.
		require.NoError(t, os.RemoveAll(parent))
		require.NoError(t, s.Observe(at(0, picture("a"), appeared(2, "robin", noon))))
		time.Sleep(minRetry)
		require.NoError(t, s.Observe(at(0, nil)))
		require.Len(t, *warnings, 4)
		require.Len(t, tree(t, s.config.Dir), 2)
		require.NoError(t, s.Close())
	})
}

// Events that could not be recorded are counted at the end of the run.
func TestNothingRecorded(t *testing.T) {
	s, warnings := newSink(t, Config{Dir: filepath.Join(os.DevNull, "a")})
	e := appeared(1, "robin", noon)
	require.NoError(t, s.Observe(at(0, picture("a"), e)))
	require.NoError(t, s.Observe(at(0, picture("a"), gone(e, 1, 1), appeared(2, "jay", noon))))
	require.NoError(t, s.Close())
	require.Len(t, *warnings, 2)
	require.Contains(t, (*warnings)[1], ": 2 events")
}

// Symbolic links are not followed, and their targets are not deleted.
func TestSymlinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("symbolic links need a privilege on Windows")
	}
	outside := t.TempDir()
	victim := appeared(1, "robin", noon).ID + "-robin.jpg"
	require.NoError(t, os.WriteFile(filepath.Join(outside, victim), []byte("keep"), 0o600))
	before := tree(t, outside)

	dir := t.TempDir()
	require.NoError(t, os.Symlink(outside, filepath.Join(dir, "2026-11-26")))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "2026-11-27"), 0o755))
	require.NoError(t, os.Symlink(filepath.Join(outside, victim), filepath.Join(dir, "2026-11-27", victim)))
	s, warnings := newSink(t, Config{Dir: dir, MaxCount: 1})
	require.NoError(t, s.Observe(at(0, nil)))
	require.Zero(t, s.store.events, "links are not counted")
	for i := range 3 {
		require.NoError(t, s.Observe(at(0, picture("a"), appeared(1+i, "robin", noon.AddDate(0, 0, i)))))
	}
	require.Empty(t, *warnings)
	require.NoError(t, s.Observe(at(0, picture("a"), appeared(9, "robin", noon.AddDate(0, 0, -1)))))
	require.Len(t, *warnings, 1)
	require.Contains(t, (*warnings)[0], "2026-11-26 is not a folder")
	require.Equal(t, before, tree(t, outside))

	dir = t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "2026-11-27"), 0o755))
	require.NoError(t, os.Symlink(filepath.Join(outside, victim), filepath.Join(dir, "2026-11-27", csvName)))
	s, warnings = newSink(t, Config{Dir: dir})
	require.NoError(t, s.Observe(at(0, nil, gone(appeared(1, "robin", noon), 1, 1))))
	require.Len(t, *warnings, 1)
	require.Equal(t, before, tree(t, outside))
}

// Any label results in a valid file name, within the limits of file systems.
func FuzzFileName(f *testing.F) {
	for _, text := range []string{"robin", "../..", "pre1", "", "żółw błotny", "=cmd", "a\x00b", "con", ".jpg", strings.Repeat("é", 100), "\xff\xfe", "a/b-pre2"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		name := fileName(text)
		require.LessOrEqual(t, len(name), maxNameBytes+1)
		require.True(t, fs.ValidPath(name))
		require.NotContains(t, name, "/")
		require.NotContains(t, name, ".")
		e := appeared(1, text, noon)
		e.ID = text
		id := fileID(&e)
		require.Equal(t, id, eventOf(id+"-"+name+".jpg"))
		require.False(t, preRollName().MatchString(name))
		require.Regexp(t, temporary(), temporaryName(id+"-"+name+".json"))
		require.NotContains(t, cell(text), "\n")
	})
}

// Whatever a table contains, its complete lines are kept, and the new line is the last.
func FuzzTable(f *testing.F) {
	for _, text := range []string{"", "id\n", "id\na,b", "torn", "\n\n", strings.Repeat("x", 5000), "a\n" + strings.Repeat("x", 5000), "\xff\x00\r\n\r"} {
		f.Add(text)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, before string) {
		path := filepath.Join(dir, csvName)
		require.NoError(t, os.WriteFile(path, []byte(before), 0o600))
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		require.NoError(t, err)
		defer file.Close()
		s := newStore(Config{Dir: dir})
		d := &day{bytes: blocks(int64(len(before)))}
		s.bytes = d.bytes
		require.NoError(t, s.writeLine(d, file, []string{"new", "line"}))
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		after := string(data)
		require.True(t, strings.HasPrefix(after, before[:strings.LastIndexByte(before, '\n')+1]))
		require.True(t, strings.HasSuffix(after, "new,line\n"))
		require.Equal(t, blocks(int64(len(after))), s.bytes)
	})
}
