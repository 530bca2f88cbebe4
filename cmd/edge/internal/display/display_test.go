package display

import (
	"bytes"
	"errors"
	"image"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"periph.io/x/conn/v3/i2c"

	"halfmeg/cmd/edge/internal/display/oledtest"
	"halfmeg/cmd/edge/internal/pipeline"
)

// rig is a sink on a fake bus, in a synctest bubble.
type rig struct {
	*Sink
	bus *oledtest.Bus

	mu      sync.Mutex
	openErr error // of the bus
	reports []string
	logs    []string
}

// setOpenErr sets the error of opening the bus.
func (r *rig) setOpenErr(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.openErr = err
}

// messages returns what was reported and logged so far.
func (r *rig) messages() (reports, logs []string) {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.reports), slices.Clone(r.logs)
}

func (r *rig) reported() []string {
	reports, _ := r.messages()
	return reports
}

func (r *rig) logged() []string {
	_, logs := r.messages()
	return logs
}

func newRig(t *testing.T, change func(*rig, *Config)) *rig {
	t.Helper()
	r := &rig{bus: oledtest.NewBus(DefaultAddress)}
	c := Config{
		Size: large, Bus: DefaultBus, Address: DefaultAddress, Contrast: 200, Info: None, Nothing: 0.3,
		Report: func(err error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.reports = append(r.reports, err.Error())
		},
		Log: func(text string) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.logs = append(r.logs, text)
		},
		openBus: func(string) (i2c.BusCloser, error) {
			r.mu.Lock()
			defer r.mu.Unlock()
			if r.openErr != nil {
				return nil, r.openErr
			}
			return r.bus, nil
		},
	}
	if change != nil {
		change(r, &c)
	}
	s, err := New(c)
	require.NoError(t, err)
	r.Sink = s
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return r
}

// shows requires the picture of a view.
func (r *rig) shows(t *testing.T, v view, shift int) {
	t.Helper()
	synctest.Wait()
	require.NoError(t, r.bus.Err())
	state := r.bus.State()
	require.True(t, state.On)
	require.Equal(t, render(v, r.config.Size, position(shift)).Pix, state.Pages(r.config.Size.Y), v.title)
}

func (r *rig) sees(t *testing.T, frame int, name string, probability float64) {
	t.Helper()
	require.NoError(t, r.Observe(seen(frame, float64(frame), answer(name, probability))))
}

// The display shows the states of a run and is dark at its end.
func TestRun(t *testing.T) {
	for _, size := range []image.Point{large, low} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, func(_ *rig, c *Config) { c.Size = size })
			r.shows(t, view{title: starting, percent: -1}, 0)
			require.EqualValues(t, 200, r.bus.State().Contrast)
			r.sees(t, 1, "cup", 0.93)
			time.Sleep(interval)
			r.shows(t, view{title: "cup", percent: 93}, 0)
			require.NoError(t, r.CameraChanged(pipeline.CameraState{Err: errors.New("unplugged")}))
			time.Sleep(interval)
			r.shows(t, view{title: noCamera, percent: -1}, 0)
			require.NoError(t, r.CameraChanged(pipeline.CameraState{}))
			r.sees(t, 2, "cup", 0.1)
			time.Sleep(interval)
			r.shows(t, view{title: nothing, percent: -1}, 0)
			require.NoError(t, r.Close())
			require.False(t, r.bus.State().On)
			require.Equal(t, 1, r.bus.Closed())
			require.Empty(t, r.reported())
			require.Empty(t, r.logged())
		})
	}
}

// Only what has changed is sent, at most once an interval.
func TestDirtyPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.sees(t, 1, "cup", 0.93)
		time.Sleep(interval)
		synctest.Wait()

		before := r.bus.State().Bytes
		for frame := range 10 { // the same picture
			r.sees(t, 2+frame, "cup", 0.93)
		}
		time.Sleep(interval)
		synctest.Wait()
		require.Equal(t, before, r.bus.State().Bytes)

		r.sees(t, 12, "cup", 0.1) // replaced before it is drawn
		r.sees(t, 13, "cup", 0.94)
		time.Sleep(interval)
		r.shows(t, view{title: "cup", percent: 94}, 0)
		sent := r.bus.State().Bytes - before
		require.Positive(t, sent)
		// A digit and a column of the bar, in the two pages of the footer: each page has
		// three command bytes, the columns between them, and two control bytes.
		require.Less(t, sent, 2*(5+60))
	})
}

// The picture moves each minute. The display must acknowledge in between.
func TestShift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		synctest.Wait()
		before := r.bus.State().Bytes
		time.Sleep(checkInterval + interval)
		synctest.Wait()
		require.Equal(t, before+3, r.bus.State().Bytes) // the contrast
		time.Sleep(shiftInterval - checkInterval)
		r.shows(t, view{title: starting, percent: -1}, 1)
		time.Sleep(shiftInterval)
		r.shows(t, view{title: starting, percent: -1}, 2)
	})
}

// At night the display is dimmed.
func TestNight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now().Add(time.Minute)
		from := 60*start.Hour() + start.Minute()
		r := newRig(t, func(_ *rig, c *Config) { c.Night = Hours{from, (from + 2) % (24 * 60)} })
		contrast := func() byte {
			synctest.Wait()
			return r.bus.State().Contrast
		}
		require.EqualValues(t, 200, contrast())
		time.Sleep(time.Minute + interval)
		require.EqualValues(t, nightContrast, contrast())
		time.Sleep(2*time.Minute + interval)
		require.EqualValues(t, 200, contrast())
	})
}

// A hot board is shown in turn with the answer.
func TestHot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hot atomic.Bool
		r := newRig(t, func(_ *rig, c *Config) {
			c.Celsius = func() (float64, bool) {
				if hot.Load() {
					return 85, true
				}
				return 60, true
			}
		})
		r.sees(t, 1, "cup", 0.93)
		time.Sleep(interval)
		hot.Store(true)
		time.Sleep(temperatureInterval + interval)
		shown := map[bool]bool{}
		for range 2 {
			synctest.Wait()
			s := r.bus.State()
			shown[bytes.Equal(s.Pages(large.Y), render(view{title: tooHot, percent: 93}, large, position(0)).Pix)] = true
			time.Sleep(pageTime)
		}
		require.Len(t, shown, 2)
	})
}

// A display that is missing at the start is reported once, with the addresses that
// acknowledge, and works when it is plugged in.
func TestPluggedInLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(r *rig, c *Config) {
			c.Address = 0x3d
			r.bus = oledtest.NewBus(0x3c)
		})
		time.Sleep(10 * time.Minute)
		require.Equal(t, []string{"no display acknowledges at address 0x3d of /dev/i2c-1 (remote I/O error); these do: 0x3c; --display-address selects one of them"}, r.reported())
		require.NoError(t, r.Close())
	})
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(r *rig, _ *Config) { r.bus.SetPresent(false) })
		time.Sleep(10 * time.Minute)
		require.Len(t, r.reported(), 1)
		require.Contains(t, r.reported()[0], "neither does any other device: check the wires")
		r.bus.SetPresent(true)
		time.Sleep(maxDelay * 5 / 4)
		r.shows(t, view{title: starting, percent: -1}, 0)
		require.Equal(t, []string{"the display works again"}, r.logged())
		require.NoError(t, r.Close())
		require.False(t, r.bus.State().On)
	})
}

// A bus that is missing is another problem than a display that is.
func TestMissingBus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(r *rig, _ *Config) { r.setOpenErr(errors.New("no bus")) })
		time.Sleep(time.Minute)
		r.bus.SetPresent(false)
		r.setOpenErr(nil)
		time.Sleep(time.Minute)
		require.Len(t, r.reported(), 2)
		require.Equal(t, "no bus", r.reported()[0])
		require.Contains(t, r.reported()[1], "no display acknowledges")
		r.bus.SetPresent(true)
		time.Sleep(time.Minute)
		require.Len(t, r.logged(), 1)
		require.NoError(t, r.Close())
	})
}

// A display that is unplugged while its picture does not change is noticed, and shows
// the current answer when it is back.
func TestUnplugged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.sees(t, 1, "cup", 0.93)
		time.Sleep(time.Minute - 1)
		require.Empty(t, r.reported())
		r.bus.SetPresent(false)
		time.Sleep(checkInterval + interval)
		synctest.Wait()
		require.Len(t, r.reported(), 1)
		require.Positive(t, r.bus.Closed()) // so that the kernel can remove the bus
		r.sees(t, 2, "tench", 0.5)
		time.Sleep(time.Minute)
		r.bus.SetPresent(true)
		time.Sleep(maxDelay * 5 / 4)
		r.shows(t, view{title: "tench", percent: 50}, 0)
		require.Len(t, r.reported(), 1)
		require.Len(t, r.logged(), 1)
		require.NoError(t, r.Close())
	})
}

// A loose contact is not retried without delay.
func TestLooseContact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		for range 600 { // ten minutes
			time.Sleep(time.Second / 2)
			r.bus.SetPresent(false)
			time.Sleep(time.Second / 2)
			r.bus.SetPresent(true)
		}
		require.NoError(t, r.Close())
		require.Less(t, len(r.reported()), 60)
	})
}

func TestInvalidConfig(t *testing.T) {
	valid := Config{Size: large, Bus: DefaultBus, Address: DefaultAddress, Info: None}
	for _, change := range []func(*Config){
		func(c *Config) { c.Size = image.Pt(128, 65) },
		func(c *Config) { c.Address = 0x78 },
		func(c *Config) { c.Bus = "i2c-x" },
		func(c *Config) { c.Info = "time" },
	} {
		c := valid
		change(&c)
		_, err := New(c)
		require.Error(t, err)
	}
}

func TestMissingBusOfTheSystem(t *testing.T) {
	_, err := openBus("/dev/i2c-4711")
	require.ErrorContains(t, err, "no I2C bus /dev/i2c-4711: enable it by sudo raspi-config")
	require.ErrorContains(t, err, "dtparam=i2c_arm=on")
}
