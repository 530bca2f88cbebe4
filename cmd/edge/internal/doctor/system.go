package doctor

import (
	"context"
	"fmt"
	"path"
	"strings"
	"time"

	"io/fs"

	"halfmeg/cmd/edge/internal/pihealth"
	"halfmeg/cmd/edge/internal/text"
)

// checkConfig checks the configuration file.
func checkConfig(_ context.Context, _ *Machine, p *Plan) []Finding {
	const name = "config"
	path, err := p.Config()
	switch {
	case err != nil:
		return []Finding{{name, Problem, err.Error(), "correct it; edge config shows the result"}}
	case path == "":
		return []Finding{ok(name, "no configuration file: flags and defaults")}
	}
	return []Finding{ok(name, "%s is valid", path)}
}

// The loaders of dynamic programs: which of them exists tells the system's word size.
const (
	loader32 = "lib/ld-linux-armhf.so.3"
	loader64 = "lib/ld-linux-aarch64.so.1"
)

// checkSystem checks word size and page size.
func checkSystem(_ context.Context, m *Machine, _ *Plan) []Finding {
	const name, cure = "system", "install the 64-bit Raspberry Pi OS and the edge for arm64"
	const narrow = "it computes with plain loops, ten times slower, and cannot read video devices"
	pages := fmt.Sprintf("pages of %d kB", m.PageSize>>10)
	if m.PageSize > 4<<10 {
		pages += ", which is fine"
	}
	wide := m.Kernel == "aarch64"
	switch {
	case m.Arch == "arm" && wide:
		return []Finding{{name, Warning, "a 32-bit edge on a 64-bit kernel: " + narrow, cure}}
	case m.Arch == "arm":
		return []Finding{{name, Warning, fmt.Sprintf("a 32-bit edge on a 32-bit kernel (%s): %s", m.Kernel, narrow), cure + ", if the board is a Pi 3 or later"}}
	case wide && m.exists(loader32) && !m.exists(loader64):
		return []Finding{ok(name, "64-bit edge and kernel; the system's other programs are 32-bit, which edge does not need, %s", pages)}
	}
	return []Finding{ok(name, "edge for %s, kernel %s, %s", m.Arch, m.Kernel, pages)}
}

// checkHealth checks power supply, temperature, memory and storage.
func checkHealth(_ context.Context, m *Machine, _ *Plan) []Finding {
	s := m.Health()
	var list []Finding
	for _, part := range []struct{ name, ok string }{
		{pihealth.Power, power(s)}, {pihealth.Heat, m.heat(s)}, {pihealth.Speed, speed(s)}, {pihealth.RAM, memory(s)}, {pihealth.Storage, storage(s)},
	} {
		found := false
		for _, p := range s.Problems() {
			if p.Part != part.name {
				continue
			}
			found = true
			f := Finding{part.name, Problem, p.Text, p.Cure}
			if p.Past || part.name == pihealth.Speed || part.name == pihealth.RAM {
				f.Status = Warning
			}
			if p.Past {
				f.Text += " since the board was started"
			}
			list = append(list, f)
		}
		if !found && part.ok != "" {
			list = append(list, ok(part.name, "%s", part.ok))
		}
	}
	return list
}

func power(s pihealth.State) string {
	if s.Undervoltage == nil {
		return ""
	}
	return "the supply voltage is good"
}

func (m *Machine) heat(s pihealth.State) string {
	if s.Celsius == nil {
		return ""
	}
	line := fmt.Sprintf("the processor has %.0f °C", *s.Celsius)
	fans, _ := fs.Glob(m.Root, "sys/class/hwmon/hwmon*/fan1_input") // the pattern is valid
	for _, fan := range fans {
		if m.text(path.Join(path.Dir(fan), "name")) == "pwmfan" { // of a Raspberry Pi 5
			line += fmt.Sprintf(", the fan %s rpm", m.text(fan))
		}
	}
	return line
}

func speed(s pihealth.State) string {
	switch {
	case s.ClockHz == 0 && s.Model == "":
		return ""
	case s.ClockHz == 0:
		return s.Model
	}
	return strings.TrimPrefix(fmt.Sprintf("%s, %.0f MHz", s.Model, s.ClockHz/1e6), ", ")
}

func memory(s pihealth.State) string {
	if s.Memory == nil {
		return ""
	}
	return fmt.Sprintf("%s of %s available", text.Bytes(s.Memory.Available), text.Bytes(s.Memory.Total))
}

func storage(s pihealth.State) string {
	var parts []string
	for _, v := range s.Volumes {
		parts = append(parts, fmt.Sprintf("%s: %s of %s free", v.Folder, text.Bytes(v.Free), text.Bytes(v.Total)))
	}
	return strings.Join(parts, "; ")
}

// earliest is before the first edge, for a program whose build time is unknown.
var earliest = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// checkTime checks the clock: a Raspberry Pi up to the 4 has none that runs without power.
func checkTime(_ context.Context, m *Machine, _ *Plan) []Finding {
	const name = "clock"
	now, built := m.Now(), m.Built
	if built.IsZero() {
		built = earliest
	}
	const day = 24 * time.Hour // a build machine in another time zone, or one whose clock is fast
	if now.Before(built.Add(-day)) {
		return []Finding{{
			name, Problem, fmt.Sprintf("it shows %s, but edge was built later: events get a wrong time, and certificates seem invalid", now.Format(time.DateTime)),
			"connect the board to a network with a time server; timedatectl shows the state",
		}}
	}
	if synced, known := m.Synced(); known && !synced {
		return []Finding{{
			name, Warning, fmt.Sprintf("it shows %s, but no time server has set it", now.Format(time.DateTime)),
			"sudo timedatectl set-ntp true, and check the network",
		}}
	}
	return []Finding{ok(name, "it shows %s", now.Format(time.DateTime))}
}
