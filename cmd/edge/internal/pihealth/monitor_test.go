package pihealth

import (
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// A board whose files a test changes while a Monitor reads them.
type board struct {
	t       *testing.T
	monitor *Monitor

	mu       sync.Mutex
	root     fstest.MapFS
	free     int64
	messages []string
}

// startBoard starts a Monitor of a healthy board, in a synctest bubble.
func startBoard(t *testing.T) *board {
	b := &board{t: t, free: 5e9, root: files(map[string]string{
		modelFile:        "Raspberry Pi 4 Model B Rev 1.4\x00",
		clockFile:        "1800000\n",
		thermal + "type": "cpu-thermal\n",
		thermal + "temp": "61343\n",
		throttled:        "0\n",
		memoryFile:       "MemTotal: 400000 kB\nMemFree: 1000 kB\nMemAvailable: 300000 kB\n",
		pressureFile:     "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
		mountsFile:       "26 1 179:2 / / rw - ext4 /dev/mmcblk0p2 rw\n",
	})}
	reader := Reader{b.root, []string{"/"}, func(string) (int64, int64, error) { return b.free, 3e10, nil }}
	read := func() State {
		b.mu.Lock()
		defer b.mu.Unlock()
		return reader.Read()
	}
	add := func(kind string) func(string) {
		return func(text string) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.messages = append(b.messages, kind+text)
		}
	}
	b.monitor = NewMonitor(read, add("problem: "), add("over: "))
	return b
}

// set changes a file and waits for the next reading.
func (b *board) set(file, content string) {
	b.write(file, content)
	b.wait(interval)
}

// write changes a file.
func (b *board) write(file, content string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.root[file] = &fstest.MapFile{Data: []byte(content)}
}

// setFree changes the free space.
func (b *board) setFree(bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free = bytes
}

func (b *board) wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// expect compares the messages since the last call.
func (b *board) expect(messages ...string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Equal(b.t, messages, b.messages)
	b.messages = nil
}

func TestMonitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startBoard(t)
		require.Empty(t, b.monitor.State().Problems())
		b.wait(10 * time.Minute)
		b.expect()

		// Capped is the consequence of a low voltage: one message.
		b.set(throttled, "50003\n")
		b.expect("problem: the supply voltage is too low: use the official power supply and a short cable")
		require.Equal(t, []string{"the supply voltage is too low", "the clock is capped", "the processor has been throttled"}, Texts(b.monitor.State().Problems()))
		for range 5 { // it comes and goes
			b.set(throttled, "50000\n")
			b.set(throttled, "50001\n")
		}
		b.expect()
		b.set(throttled, "50000\n")
		b.wait(quiet - 2*interval)
		require.Equal(t, "the supply voltage is too low", b.monitor.State().Problems()[0].Text)
		b.expect()
		b.wait(interval)
		b.expect("over: the supply voltage is good again")
		require.Equal(t, []string{"the supply voltage has been too low", "the processor has been throttled"}, Texts(b.monitor.State().Problems()))
		require.NoError(t, b.monitor.Close())
	})
}

// A dip between two readings is visible only in the firmware's bit for the past.
func TestMonitorDip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startBoard(t)
		b.wait(interval)
		b.set(throttled, "10000\n")
		b.expect("problem: the supply voltage is too low: use the official power supply and a short cable")
		b.wait(quiet + interval)
		b.expect("over: the supply voltage is good again")
		b.wait(time.Hour)
		b.expect()
		require.NoError(t, b.monitor.Close())
	})
}

// Each kind of problem has a level at which it begins, and another at which it is over.
func TestMonitorHysteresis(t *testing.T) {
	for name, c := range map[string]struct {
		file               string
		bad, between, good string
		problem, over      string
	}{
		"voltage sensor": {
			"sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n", "1\n", "0\n",
			"the supply voltage is too low: " + powerCure, "the supply voltage is good again",
		},
		"firmware's temperature limit": {
			throttled, "8\n", "8\n", "80000\n",
			"it is too warm for full speed: " + heatCure, "the temperature is low enough for full speed again",
		},
		"temperature": {
			thermal + "temp", "80001\n", "79000\n", "74900\n",
			"it is too warm for full speed: " + heatCure, "the temperature is low enough for full speed again",
		},
		"capped without a cause": {
			throttled, "2\n", "2\n", "20000\n",
			"the clock is capped: " + clockCure, "the clock is no longer capped",
		},
		"memory": {
			memoryFile, "MemTotal: 400000 kB\nMemAvailable: 20000 kB\n", "MemTotal: 400000 kB\nMemAvailable: 30000 kB\n", "MemTotal: 400000 kB\nMemAvailable: 40000 kB\n",
			"memory is short: 20 MB of 409 MB available: end other programs, or enable swap in compressed memory (zram)", "enough memory is available again",
		},
		"pressure": {
			pressureFile, "some avg10=0.00 avg60=20.50 avg300=0.00 total=0\n", "some avg10=0.00 avg60=15.00 avg300=0.00 total=0\n", "some avg10=0.00 avg60=9.00 avg300=0.00 total=0\n",
			"memory is short: 307 MB of 409 MB available, and programs waited for it 20 % of the last minute: end other programs, or enable swap in compressed memory (zram)",
			"enough memory is available again",
		},
		"read-only": {
			mountsFile, "26 1 179:2 / / rw - ext4 /dev/mmcblk0p2 ro,emergency_ro\n", "26 1 179:2 / / rw - ext4 /dev/mmcblk0p2 ro,emergency_ro\n", "26 1 179:2 / / rw - ext4 /dev/mmcblk0p2 rw\n",
			"the file system of / is read-only: restart the board; if it happens again, the card is damaged: replace it", "the file system of / can be written again",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := startBoard(t)
				b.write("sys/class/hwmon/hwmon1/name", "rpi_volt\n")
				if c.between != c.bad {
					b.set(c.file, c.between)
					b.wait(time.Hour)
					b.expect()
				}
				b.set(c.file, c.bad)
				b.expect("problem: " + c.problem)
				b.set(c.file, c.between)
				b.wait(time.Hour)
				b.expect()
				require.Len(t, b.monitor.State().Problems(), 1)
				b.set(c.file, c.good)
				b.wait(quiet)
				b.expect("over: " + c.over)
				require.NoError(t, b.monitor.Close())
			})
		})
	}
}

func TestMonitorSpace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startBoard(t)
		b.setFree(299e6)
		b.wait(interval)
		b.expect("problem: the file system of / is almost full: 299 MB of 30.0 GB free: delete something")
		b.setFree(374e6)
		b.wait(time.Hour)
		b.expect()
		b.setFree(375e6)
		b.wait(quiet + interval)
		b.expect("over: the file system of / has enough space again")
		require.NoError(t, b.monitor.Close())
	})
}

// A problem that exists before the first reading of the Monitor is reported too.
func TestMonitorReportsWhatStateHasShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := startBoard(t)
		b.write(throttled, "1\n")
		require.Len(t, b.monitor.State().Problems(), 1)
		b.expect()
		b.wait(interval)
		b.expect("problem: the supply voltage is too low: " + powerCure)
		require.NoError(t, b.monitor.Close())
		b.wait(time.Hour)
		require.NotNil(t, b.monitor.State().Undervoltage)
	})
}

// A reading that is stuck delays neither State nor, without a limit, Close.
func TestMonitorStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var stuck atomic.Bool
		read := func() State {
			if stuck.Load() {
				<-release
			}
			return State{Model: "board"}
		}
		unexpected := func(text string) { t.Error(text) }
		m := NewMonitor(read, unexpected, unexpected)
		require.Equal(t, "board", m.State().Model)
		stuck.Store(true)
		time.Sleep(interval)
		synctest.Wait()
		require.Equal(t, "board", m.State().Model)
		start := time.Now()
		require.NoError(t, m.Close())
		require.Equal(t, closeTimeout, time.Since(start))
		close(release)
	})
}
