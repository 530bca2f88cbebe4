package flags

import (
	"testing"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/pins"
)

// parsePins returns the flags of a command line.
func parsePins(args ...string) (*Pins, error) {
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	p := &Pins{}
	p.Add(set)
	return p, set.Parse(args)
}

func TestPins(t *testing.T) {
	p, err := parsePins()
	require.NoError(t, err)
	require.False(t, p.Enabled())
	require.NoError(t, p.Check(false))
	p, err = parsePins("--pin-output", "17=dog,active-low", "--pin-output=18=cat", "--button", "27=hold=shutdown", "--pin-chip", "gpiochip4")
	require.NoError(t, err)
	require.True(t, p.Enabled())
	require.Len(t, p.Outputs, 2)
	require.Equal(t, "17=dog,active-low", p.Outputs[0].String())
	require.Equal(t, pins.Shutdown, p.Buttons[0].Hold)
	require.NoError(t, p.Check(false))
	for want, args := range map[string][]string{
		"unknown option":               {"--pin-output", "17=dog,cat"},
		"expected GPIO27=snapshot":     {"--button", "27"},
		"expected GPIO17=dog":          {"--pin-output", "dog"},
		"a snapshot needs --record":    {"--button", "27=shutdown,hold=snapshot"},
		"27=snapshot: a snapshot":      {"--button", "27=snapshot"},
		"line GPIO17 is used twice":    {"--pin-output", "17=dog", "--button", "GPIO17=shutdown"},
		"--shutdown-command is empty":  {"--shutdown-command", " "},
		"--pin-chip needs --pin-outpu": {"--pin-chip", "gpiochip0"},
	} {
		p, err := parsePins(args...)
		if err == nil {
			err = p.Check(false)
		}
		require.ErrorContains(t, err, want, "%q", args)
	}
	p, err = parsePins("--button", "27=snapshot")
	require.NoError(t, err)
	require.NoError(t, p.Check(true))
}

// A configuration file replaces the list and reads it back.
func TestPinsFromFile(t *testing.T) {
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	p := &Pins{}
	p.Add(set)
	require.NoError(t, set.Parse([]string{"--button", "5=shutdown"}))
	list, ok := set.Lookup("button").Value.(pflag.SliceValue)
	require.True(t, ok)
	require.Error(t, list.Replace([]string{"6=shutdown", "7"}))
	require.NoError(t, list.Replace([]string{"6=shutdown", "7=hold=shutdown"}))
	require.Equal(t, []string{"6=shutdown", "7=hold=shutdown"}, list.GetSlice())
}

// Names become groups with events, or classes. A name without events is rejected.
func TestPinsPrepare(t *testing.T) {
	l := labels(t)
	d := Decision{groups: []string{"pets=dog,goldfish"}}
	parseDecision := func() *Decision {
		set := pflag.NewFlagSet("", pflag.ContinueOnError)
		fresh := &Decision{}
		fresh.Add(set)
		fresh.groups = d.groups
		return fresh
	}
	p, err := parsePins("--pin-output", "1=Pets", "--pin-output", "2=vehicle", "--pin-output", "3=VEHICLE", "--pin-output", "4=crane", "--pin-output", "5=*")
	require.NoError(t, err)
	fresh := parseDecision()
	require.NoError(t, p.Prepare(l, fresh))
	var events []pins.Events
	for _, o := range p.Outputs {
		events = append(events, o.Events)
	}
	require.Equal(t, []pins.Events{{Group: "pets"}, {Group: "vehicle"}, {Group: "vehicle"}, {Classes: []int{134, 517}}, {Any: true}}, events)
	decider, err := fresh.Decider(l)
	require.NoError(t, err, "two outputs for one group enable it once")
	require.NoError(t, p.CheckReported(decider))

	for _, change := range []func(*Decision){
		func(d *Decision) { d.config.Allow = []string{"pets", "crane"} },
		func(d *Decision) { d.config.Deny = []string{"#134", "#517"} },
	} {
		fresh := parseDecision()
		change(fresh)
		require.NoError(t, p.Prepare(l, fresh))
		decider, err := fresh.Decider(l)
		require.NoError(t, err)
		require.ErrorContains(t, p.CheckReported(decider), "would never be active")
	}
	p.Outputs[0].Name = "vehicel"
	require.ErrorContains(t, p.Prepare(l, fresh), `the nearest group is "vehicle"`)
}
