package pins

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"halfmeg/cmd/edge/internal/decision"
	"halfmeg/cmd/edge/internal/gpio"
	"halfmeg/cmd/edge/internal/gpio/gpiotest"
	"halfmeg/cmd/edge/internal/pipeline"
)

// messages collects what is reported and logged.
type messages struct {
	mu   sync.Mutex
	list []string
}

func (m *messages) add(text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.list = append(m.list, text)
}

func (m *messages) get() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string{}, m.list...)
}

func (m *messages) config(k *gpiotest.Kernel) Config {
	return Config{GPIO: gpio.NewWith(k, ""), Report: func(err error) { m.add(err.Error()) }, Log: m.add}
}

func newKernel() *gpiotest.Kernel {
	k := &gpiotest.Kernel{}
	k.Add("gpiochip0", "pinctrl-bcm2835", "LAMP", "BUTTON", "OTHER")
	return k
}

// start starts a sink with one output for the group dog and waits until it has its line.
func start(t *testing.T, k *gpiotest.Kernel, m *messages, options string) *Sink {
	t.Helper()
	o, err := ParseOutput("LAMP=dog" + options)
	require.NoError(t, err)
	o.Events = Events{Group: "dog"}
	s := NewSink(m.config(k), []Output{o})
	synctest.Wait()
	return s
}

func observe(t *testing.T, s *Sink, events ...decision.Event) {
	t.Helper()
	require.NoError(t, s.Observe(&pipeline.Observation{Events: events}))
}

func dog(kind, id string) decision.Event {
	return decision.Event{Type: kind, ID: id, Name: "Dog", Group: true}
}

// pass lets time pass, and everything that happens until then.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// An output is active while a dog is seen, and inactive at the end, whatever it was.
func TestFollow(t *testing.T) {
	for _, activeLow := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			k, m, options := newKernel(), &messages{}, ""
			if activeLow {
				options = ",active-low"
			}
			s := start(t, k, m, options)
			isActive := func() bool { return k.High("LAMP") != activeLow }
			require.False(t, isActive())
			require.Equal(t, "halfmeg", k.Consumer("LAMP"))
			other := 3
			observe(t, s, decision.Event{Type: decision.Appeared, ID: "x", Name: "dog", Class: &other})
			require.False(t, isActive(), "a class is not the group of its name")
			observe(t, s, dog(decision.Appeared, "a"))
			require.True(t, isActive())
			observe(t, s, dog(decision.Appeared, "b"), dog(decision.Gone, "a"))
			require.True(t, isActive())
			observe(t, s, dog(decision.Gone, "b"))
			require.False(t, isActive())
			observe(t, s, dog(decision.Appeared, "c"))
			require.NoError(t, s.Close())
			require.False(t, isActive())
			require.Equal(t, []bool{activeLow, !activeLow, activeLow, !activeLow, activeLow}, k.History("LAMP"))
			require.Empty(t, k.Consumer("LAMP"))
			require.Empty(t, m.get())
		})
	}
}

// The minimum time counts from when the output became active.
func TestMinOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKernel()
		s := start(t, k, &messages{}, ",min=2s")
		observe(t, s, dog(decision.Appeared, "a"))
		pass(500 * time.Millisecond)
		observe(t, s, dog(decision.Gone, "a"))
		pass(time.Second)
		observe(t, s, dog(decision.Appeared, "b"))
		observe(t, s, dog(decision.Gone, "b"))
		pass(499 * time.Millisecond)
		require.True(t, k.High("LAMP"))
		pass(time.Millisecond)
		require.False(t, k.High("LAMP"))

		observe(t, s, dog(decision.Appeared, "c"))
		pass(time.Hour)
		require.True(t, k.High("LAMP"))
		observe(t, s, dog(decision.Gone, "c"))
		require.False(t, k.High("LAMP"))

		observe(t, s, dog(decision.Appeared, "d"))
		observe(t, s, dog(decision.Gone, "d"))
		require.True(t, k.High("LAMP"))
		require.NoError(t, s.Close())
		require.False(t, k.High("LAMP"), "the minimum time ends with the run")
	})
}

// A pulse starts when something appears, and again if more appears.
func TestPulse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKernel()
		s := start(t, k, &messages{}, ",pulse=500ms")
		observe(t, s, dog(decision.Appeared, "a"))
		pass(400 * time.Millisecond)
		observe(t, s, dog(decision.Appeared, "b"), dog(decision.Gone, "a"))
		pass(499 * time.Millisecond)
		require.True(t, k.High("LAMP"))
		pass(time.Millisecond)
		require.False(t, k.High("LAMP"))
		observe(t, s, dog(decision.Gone, "b"))
		pass(time.Second)
		require.Equal(t, []bool{false, true, false}, k.History("LAMP"))
		require.NoError(t, s.Close())
	})
}

func TestMatch(t *testing.T) {
	one, two := 1, 2
	class := &decision.Event{Name: "tench", Class: &one}
	require.True(t, (&Events{Any: true}).match(class))
	require.True(t, (&Events{Classes: []int{0, 1}}).match(class))
	require.False(t, (&Events{Classes: []int{0, 1}}).match(&decision.Event{Class: &two}))
	require.False(t, (&Events{Classes: []int{0}}).match(&decision.Event{Name: "", Group: true}))
	require.False(t, (&Events{Group: "tench"}).match(class))
}

// Each problem is reported once, requests are less and less frequent, and the line has the
// current level when it becomes available.
func TestProblems(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, m := &gpiotest.Kernel{}, &messages{}
		s := start(t, k, m, "")
		pass(time.Minute)
		k.Add("gpiochip0", "pinctrl-bcm2835", "LAMP", "LAMB", "CLAMP")
		k.Deny(true)
		pass(time.Minute)
		k.Deny(false)
		k.Occupy("LAMP", "leds-gpio")
		observe(t, s, dog(decision.Appeared, "a"))
		pass(time.Minute)
		k.Occupy("LAMP", "")
		pass(30 * time.Second)
		require.True(t, k.High("LAMP"))
		require.Equal(t, []bool{false, true}, k.History("LAMP"))

		pass(time.Minute)
		k.Remove("gpiochip0") // a USB expander that is unplugged
		observe(t, s, dog(decision.Gone, "a"))
		synctest.Wait()
		k.Add("gpiochip1", "pinctrl-bcm2835", "LANP")
		pass(time.Second)
		k.Remove("gpiochip1")
		k.Add("gpiochip0", "pinctrl-bcm2835", "LAMP")
		pass(3 * time.Second)
		require.Equal(t, "halfmeg", k.Consumer("LAMP"))
		require.False(t, k.High("LAMP"))
		require.NoError(t, s.Close())
		require.Equal(t, []string{
			"output LAMP: this machine has no GPIO chip: /dev/gpiochip* does not exist; retrying",
			"output LAMP: no permission for /dev/gpiochip0: add the user to the group gpio (sudo usermod -aG gpio USER) and log in again; retrying",
			`output LAMP: line 0 of gpiochip0 (pinctrl-bcm2835) is in use by "leds-gpio"; retrying`,
			"output LAMP works: line 0 of gpiochip0 (pinctrl-bcm2835)",
			"output LAMP: line 0 of gpiochip0 (pinctrl-bcm2835): no such device; retrying",
			`output LAMP: no line "LAMP" in gpiochip1 (pinctrl-bcm2835); similar names: LANP; retrying`,
			"output LAMP works: line 0 of gpiochip0 (pinctrl-bcm2835)",
		}, m.get())
	})
}

// A sink whose line is not available ends, too.
func TestCloseWithoutLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, &gpiotest.Kernel{}, &messages{}, "")
		observe(t, s, dog(decision.Appeared, "a"))
		require.NoError(t, s.Close())
	})
}

// bench is a button with what it started.
type bench struct {
	*gpiotest.Kernel
	messages
	buttons *Buttons
	pressed bool // the level at the line when the button is pressed
}

// newBench starts a button. released is the level at the line from the start.
func newBench(t *testing.T, spec string, released bool) *bench {
	t.Helper()
	b := &bench{Kernel: newKernel(), pressed: !released}
	b.Drive("BUTTON", released)
	button, err := ParseButton("BUTTON=" + spec)
	require.NoError(t, err)
	c := b.config(b.Kernel)
	b.buttons = NewButtons(c, []Button{button}, func(got Button, a Action) {
		require.Equal(t, button, got)
		b.add(string(a))
	})
	pass(time.Second)
	return b
}

// set presses or releases the button, with bounces like those of a cheap switch: a few
// edges within 8 ms, more than the kernel's buffer holds.
func (b *bench) set(pressed bool) {
	for i := range 20 {
		b.Drive("BUTTON", (i%2 == 0) == (pressed == b.pressed))
		pass(time.Duration(100+13*i%7*50) * time.Microsecond)
	}
	b.Drive("BUTTON", pressed == b.pressed)
}

// A press with bounces starts one action, at its start.
func TestPress(t *testing.T) {
	for _, c := range []struct {
		spec     string
		released bool
	}{{"snapshot", true}, {"snapshot,active-high", false}} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, c.spec, c.released)
			for range 3 {
				b.set(true)
				pass(50 * time.Millisecond)
				before := len(b.get())
				pass(time.Second)
				b.set(false)
				pass(time.Second)
				require.Len(t, b.get(), before)
			}
			require.NoError(t, b.buttons.Close())
			require.Equal(t, []string{"snapshot", "snapshot", "snapshot"}, b.get())
			require.Empty(t, b.Consumer("BUTTON"))
		})
	}
}

// A disturbance shorter than the debounce time is not a press, and one during a press is
// not a release.
func TestGlitch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "snapshot", true)
		for range 10 {
			b.Drive("BUTTON", false)
			pass(19 * time.Millisecond)
			b.Drive("BUTTON", true)
			pass(100 * time.Millisecond)
		}
		require.Empty(t, b.get())
		b.set(true)
		pass(time.Second)
		b.Drive("BUTTON", true)
		pass(19 * time.Millisecond)
		b.Drive("BUTTON", false)
		pass(time.Second)
		require.NoError(t, b.buttons.Close())
		require.Equal(t, []string{"snapshot"}, b.get())
	})
}

// With an action for hold, a short press counts when it ends, and a long one starts only
// the action for hold.
func TestHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "snapshot,hold=shutdown", true)
		b.set(true)
		pass(2900 * time.Millisecond)
		require.Empty(t, b.get())
		b.set(false)
		pass(time.Second)
		require.Equal(t, []string{"snapshot"}, b.get())
		b.set(true)
		pass(3100 * time.Millisecond)
		require.Equal(t, []string{"snapshot", "shutdown"}, b.get())
		pass(time.Hour)
		b.set(false)
		pass(time.Second)
		require.NoError(t, b.buttons.Close())
		require.Equal(t, []string{"snapshot", "shutdown"}, b.get())
	})
}

// A button that is pressed from the start does nothing until it was released.
func TestPressedFromTheStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "hold=shutdown", false)
		pass(time.Hour)
		b.Drive("BUTTON", true)
		pass(time.Second)
		require.Empty(t, b.get())
		b.Drive("BUTTON", false)
		pass(time.Second)
		b.Drive("BUTTON", true)
		pass(time.Hour)
		require.Empty(t, b.get(), "a short press has no action")
		b.Drive("BUTTON", false)
		pass(4 * time.Second)
		require.NoError(t, b.buttons.Close())
		require.Equal(t, []string{"shutdown"}, b.get())
	})
}

// A button on a chip that was removed works when it returns.
func TestButtonReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "snapshot", true)
		b.Remove("gpiochip0")
		pass(time.Minute)
		b.Add("gpiochip0", "pinctrl-bcm2835", "LAMP", "BUTTON")
		b.Drive("BUTTON", true)
		pass(time.Minute)
		b.set(true)
		pass(time.Second)
		require.NoError(t, b.buttons.Close())
		require.Equal(t, []string{
			"button BUTTON: line 1 of gpiochip0 (pinctrl-bcm2835): no such device; retrying",
			"button BUTTON: this machine has no GPIO chip: /dev/gpiochip* does not exist; retrying",
			"button BUTTON works: line 1 of gpiochip0 (pinctrl-bcm2835)",
			"snapshot",
		}, b.get())
	})
}

// A command gets its arguments as they are, runs once at a time, and reports its failure.
func TestCommand(t *testing.T) {
	dir := t.TempDir()
	failed := make(chan error, 1)
	c := &Command{Args: []string{"touch", filepath.Join(dir, "a;b $c")}, Report: func(err error) { failed <- err }}
	c.Start()
	require.Eventually(t, func() bool {
		_, err := os.Stat(filepath.Join(dir, "a;b $c"))
		return err == nil && !c.running.Load()
	}, 20*time.Second, 10*time.Millisecond)

	c.Args = []string{"ls", filepath.Join(dir, strings.Repeat("x", 3))}
	c.Start()
	require.ErrorContains(t, <-failed, "xxx failed: exit status 2: ls:")
	require.Eventually(t, func() bool { return !c.running.Load() }, 20*time.Second, time.Millisecond)

	// A second mkdir would fail.
	made, pipe := filepath.Join(dir, "made"), filepath.Join(dir, "pipe")
	require.NoError(t, unix.Mkfifo(pipe, 0o600))
	c.Args = []string{"sh", "-c", `mkdir "$0" && cat "$1"`, made, pipe}
	c.Start()
	c.Start()
	w, err := os.OpenFile(pipe, os.O_WRONLY, 0) // blocks until cat reads
	require.NoError(t, err)
	c.Start()
	require.NoError(t, w.Close())
	require.Eventually(t, func() bool { return !c.running.Load() }, 20*time.Second, time.Millisecond)
	require.Empty(t, failed)

	c.Args = []string{filepath.Join(dir, "missing")}
	c.Start()
	require.ErrorIs(t, <-failed, os.ErrNotExist)
}
