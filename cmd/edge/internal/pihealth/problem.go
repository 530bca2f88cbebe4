package pihealth

import (
	"fmt"
	"slices"

	"halfmeg/cmd/edge/internal/text"
)

// Problem is a problem of a board.
type Problem struct {
	Part string // of the board: one of the constants below
	Text string // what is wrong
	Cure string // what to do
	Past bool   // it has occurred since the start of the board and is over
}

// The values of Problem.Part.
const (
	Power   = "power"
	Heat    = "heat"
	Speed   = "speed"
	RAM     = "memory"
	Storage = "storage"
)

// Bits of State.Throttled, from the Raspberry Pi's documentation of vcgencmd get_throttled.
// The same bits shifted by pastShift report what has occurred since the start.
const (
	bitUndervoltage = 1 << iota
	bitCapped
	bitThrottled
	bitWarm

	pastShift = 16
)

const (
	powerCure = "use the official power supply and a short cable"
	heatCure  = "use a heat sink or a fan, or keep the board out of the sun"
	clockCure = powerCure + ", and a heat sink or a fan"
)

// Limits of the temperature in degrees Celsius. The firmware lowers the clock from 80 on.
const (
	hot      = 80
	coolDown = 75
)

// Limits of memory and space in bytes, on large ones. edge needs about 30 MB of memory.
const (
	shortMemory = 64 << 20
	shortSpace  = 300e6
)

// Limits of Memory.Pressure, in percent.
const (
	highPressure = 20
	lowPressure  = 10
)

// level is how far a value is from a problem.
type level int

const (
	good    level = iota
	between       // a problem continues, but does not begin
	bad
)

// levelOf returns the level of a value that is bad below low and good from high on.
func levelOf(v, low, high float64) level {
	switch {
	case v < low:
		return bad
	case v < high:
		return between
	}
	return good
}

// finding is something that may be a problem, and its level.
type finding struct {
	id    string
	level level
	Problem
	over        string // message when the problem is over
	consequence bool   // usually the earlier findings are the cause: not reported with them
}

// findings returns what is known about a state, causes before consequences.
func (s State) findings() []finding {
	var list []finding
	if s.Undervoltage != nil || s.Throttled != nil {
		list = append(list, finding{
			"undervoltage", badIf(s.isUndervolted()), Problem{Power, "the supply voltage is too low", powerCure, false},
			"the supply voltage is good again", false,
		})
	}
	list = append(list, s.heat()...)
	if s.Throttled != nil {
		list = append(list,
			finding{"capped", badIf(*s.Throttled&bitCapped != 0), Problem{Speed, "the clock is capped", clockCure, false}, "the clock is no longer capped", true},
			finding{"throttled", badIf(*s.Throttled&bitThrottled != 0), Problem{Speed, "the processor is throttled", clockCure, false}, "the processor is no longer throttled", true})
	}
	if s.Memory != nil {
		list = append(list, s.Memory.finding())
	}
	for _, v := range s.Volumes {
		list = append(list, v.findings()...)
	}
	return list
}

func badIf(problem bool) level {
	if problem {
		return bad
	}
	return good
}

func (s State) isUndervolted() bool {
	return s.Undervoltage != nil && *s.Undervoltage || s.Throttled != nil && *s.Throttled&bitUndervoltage != 0
}

// heat returns the finding of the temperature. Only boards, which have a device tree, are
// judged by its value: other processors run at 90 °C.
func (s State) heat() []finding {
	f := finding{id: "warm", Problem: Problem{Heat, "it is too warm for full speed", heatCure, false}, over: "the temperature is low enough for full speed again"}
	known := s.Throttled != nil
	f.level = badIf(known && *s.Throttled&bitWarm != 0)
	if s.Celsius != nil && s.Model != "" {
		known = true
		f.level = max(f.level, levelOf(-*s.Celsius, -hot, -coolDown))
	}
	if !known {
		return nil
	}
	return []finding{f}
}

func (m *Memory) finding() finding {
	low := float64(min(m.Total/16, shortMemory))
	f := finding{
		"memory", levelOf(float64(m.Available), low, 1.5*low),
		Problem{
			RAM, fmt.Sprintf("memory is short: %s of %s available", text.Bytes(m.Available), text.Bytes(m.Total)),
			"end other programs, or enable swap in compressed memory (zram)", false,
		},
		"enough memory is available again", false,
	}
	if m.Pressure != nil {
		pressure := levelOf(-*m.Pressure, -highPressure, -lowPressure)
		if f.level < pressure && pressure == bad {
			f.Text += fmt.Sprintf(", and programs waited for it %.0f %% of the last minute", *m.Pressure)
		}
		f.level = max(f.level, pressure)
	}
	return f
}

func (v Volume) findings() []finding {
	low := min(float64(v.Total)/20, shortSpace)
	list := []finding{{
		"space " + v.Folder, levelOf(float64(v.Free), low, 1.25*low),
		Problem{
			Storage, fmt.Sprintf("the file system of %s is almost full: %s of %s free", v.Folder, text.Bytes(v.Free), text.Bytes(v.Total)),
			"delete something", false,
		},
		fmt.Sprintf("the file system of %s has enough space again", v.Folder), false,
	}, {
		"read-only " + v.Folder, badIf(v.ReadOnly),
		Problem{
			Storage, fmt.Sprintf("the file system of %s is read-only", v.Folder),
			"restart the board; if it happens again, the card is damaged: replace it", false,
		},
		fmt.Sprintf("the file system of %s can be written again", v.Folder), false,
	}}
	if v.ReadOnly {
		list[0].level = good // the space does not matter then
	}
	return list
}

// past are the problems of Throttled's upper bits.
var past = []struct {
	bit     uint32
	problem Problem
}{
	{bitUndervoltage << pastShift, Problem{Power, "the supply voltage has been too low", powerCure, true}},
	{bitCapped << pastShift, Problem{Speed, "the clock has been capped", clockCure, true}},
	{bitThrottled << pastShift, Problem{Speed, "the processor has been throttled", clockCure, true}},
	{bitWarm << pastShift, Problem{Heat, "it has been too warm for full speed", heatCure, true}},
}

// Problems returns the problems of a state: the current ones, then those that the firmware
// has seen since the start of the board and that are over.
func (s State) Problems() []Problem {
	var list []Problem
	for _, f := range s.findings() {
		if s.held[f.id] || s.held == nil && f.level == bad {
			list = append(list, f.Problem)
		}
	}
	if s.Throttled == nil {
		return list
	}
	for _, p := range past {
		still := *s.Throttled&(p.bit>>pastShift) != 0
		if *s.Throttled&p.bit != 0 && !still {
			list = append(list, p.problem)
		}
	}
	return list
}

// Texts returns the texts of problems.
func Texts(list []Problem) []string {
	texts := make([]string, len(list))
	for i, p := range list {
		texts[i] = p.Text
	}
	return texts
}

// Cures returns the cures of problems, each once.
func Cures(list []Problem) []string {
	cures := []string{}
	for _, p := range list {
		if !slices.Contains(cures, p.Cure) {
			cures = append(cures, p.Cure)
		}
	}
	return cures
}
