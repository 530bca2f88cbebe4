package pins

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/gpio"
)

func TestParseOutput(t *testing.T) {
	line := gpio.Address{Line: "17"}
	for text, want := range map[string]Output{
		"17=dog":                             {Address: line, Name: "dog"},
		"17= hot dog , active-low,min=1.5":   {Address: line, Name: "hot dog", ActiveLow: true, MinOn: 1500 * time.Millisecond},
		"gpiochip4/17=*,pulse=500ms":         {Address: gpio.Address{Chip: "gpiochip4", Line: "17"}, Name: Any, Pulse: 500 * time.Millisecond},
		"GPIO17=#281,active-low,active-low":  {Address: gpio.Address{Line: "GPIO17"}, Name: "#281", ActiveLow: true},
		"pinctrl-rp1/GPIO17=vehicle,min=24h": {Address: gpio.Address{Chip: "pinctrl-rp1", Line: "GPIO17"}, Name: "vehicle", MinOn: 24 * time.Hour},
	} {
		got, err := ParseOutput(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for text, want := range map[string]string{
		"":                       "expected GPIO17=dog or 17=dog,active-low,min=2s",
		"17":                     "expected GPIO17=dog",
		"=dog":                   "expected a line such as GPIO17",
		"17=":                    "the class or group is missing",
		"17=,min=2s":             "the class or group is missing",
		"17=dog,cat":             `unknown option "cat"`,
		"17=dog,min":             `unknown option "min"`,
		"17=dog,min=0":           "min=0: expected a time",
		"17=dog,min=-1s":         "expected a time",
		"17=dog,pulse=25h":       "at most 24h",
		"17=dog,pulse=x":         "expected a time",
		"17=dog,pulse=1s,min=1s": "exclude each other",
	} {
		_, err := ParseOutput(text)
		require.ErrorContains(t, err, want, text)
	}
}

func TestParseButton(t *testing.T) {
	line := gpio.Address{Line: "27"}
	for text, want := range map[string]Button{
		"27=snapshot":                                  {Address: line, Press: Snapshot, HoldTime: 3 * time.Second, Debounce: 20 * time.Millisecond},
		"27=snapshot,hold=shutdown":                    {Address: line, Press: Snapshot, Hold: Shutdown, HoldTime: 3 * time.Second, Debounce: 20 * time.Millisecond},
		"27=hold=shutdown,hold-time=5":                 {Address: line, Hold: Shutdown, HoldTime: 5 * time.Second, Debounce: 20 * time.Millisecond},
		"27=shutdown,active-high,debounce=50ms":        {Address: line, Press: Shutdown, HoldTime: 3 * time.Second, Debounce: 50 * time.Millisecond, ActiveHigh: true, Pull: gpio.PullDown},
		"27=active-high, pull=none, snapshot":          {Address: line, Press: Snapshot, HoldTime: 3 * time.Second, Debounce: 20 * time.Millisecond, ActiveHigh: true, Pull: gpio.PullNone},
		"27=snapshot,active-high,pull=up":              {Address: line, Press: Snapshot, HoldTime: 3 * time.Second, Debounce: 20 * time.Millisecond, ActiveHigh: true, Pull: gpio.PullUp},
		"27=snapshot,pull=down,hold-time=1m,pull=none": {Address: line, Press: Snapshot, HoldTime: time.Minute, Debounce: 20 * time.Millisecond, Pull: gpio.PullNone},
	} {
		got, err := ParseButton(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for text, want := range map[string]string{
		"27":                        "expected GPIO27=snapshot",
		"27=":                       `unknown action or option ""`,
		"27=photo":                  `unknown action or option "photo"`,
		"27=active-high":            "the action is missing",
		"27=snapshot,shutdown":      `unknown action or option "shutdown"`,
		"27=snapshot,hold=x":        `unknown action or option "hold=x"`,
		"27=snapshot,pull=left":     `unknown action or option "pull=left"`,
		"27=snapshot,debounce=2s":   "debounce=2s: expected at most 1s",
		"27=snapshot,hold-time=day": "hold-time=day: expected a time",
		"2 7=snapshot":              "expected a line such as GPIO17",
	} {
		_, err := ParseButton(text)
		require.ErrorContains(t, err, want, text)
	}
}

// What String returns is parsed to the same specification.
func FuzzSpecs(f *testing.F) {
	for _, text := range []string{
		"17=dog", "GPIO17=hot dog,active-low,min=2s", "gpiochip4/17=*,pulse=0.5", "17=dog,cat", "=", "17==,min=1ns",
		"27=snapshot,hold=shutdown,hold-time=1m", "27=active-high,pull=none,shutdown,debounce=1ms", "/dev/gpiochip0/3=snapshot,pull=down",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if o, err := ParseOutput(text); err == nil {
			again, err := ParseOutput(o.String())
			require.NoError(t, err)
			require.Equal(t, o, again)
		}
		if b, err := ParseButton(text); err == nil {
			again, err := ParseButton(b.String())
			require.NoError(t, err)
			require.Equal(t, b, again)
		}
	})
}
