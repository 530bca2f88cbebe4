package display

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/physic"
)

// sunk is a bus that accepts everything.
type sunk struct{ bytes int }

func (s *sunk) Tx(_ uint16, w, _ []byte) error {
	s.bytes += len(w)
	return nil
}

func (s *sunk) SetSpeed(physic.Frequency) error { return nil }
func (s *sunk) Close() error                    { return nil }
func (s *sunk) String() string                  { return "sunk" }

// BenchmarkUpdate observes an answer and draws it: one with another percentage, as
// most are, or one with another label. The system calls mark the region that
// tools/armcycles counts.
func BenchmarkUpdate(b *testing.B) {
	for name, label := range map[string]func(i int) string{
		"percent": func(int) string { return "traffic light" },
		"label":   func(i int) string { return [...]string{"wall clock", "soccer ball", "cup"}[i%3] },
	} {
		b.Run(name, func(b *testing.B) {
			bus := &sunk{}
			c := Config{
				Size: large, Address: DefaultAddress, Contrast: DefaultContrast, Info: Rate,
				Celsius: func() (float64, bool) { return 0, false },
			}
			p := &panel{bus: bus}
			require.NoError(b, p.initialize(&c))
			shown, now := picture{config: &c, panel: p}, time.Now()
			s := newState(now)
			bus.bytes = 0
			_, _ = unix.Getpgid(0x5EED0001) // fails: there is no such process
			for i := range b.N {
				now = now.Add(interval)
				s.observe(seen(i+1, float64(i)/5, answer(label(i), float64(i%100)/100)), 0, now)
				require.NoError(b, shown.update(&s, now))
			}
			_, _ = unix.Getpgid(0x5EED0000)
			b.ReportMetric(float64(bus.bytes)/float64(b.N), "bytes/op")
		})
	}
}
