package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/cmd/edge/internal/pihealth"
)

// healthy returns a Raspberry Pi 4 without problems, and the plan of a run that uses
// everything.
func healthy() (*Machine, *Plan) {
	now := time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	celsius, throttled, undervoltage := 51.0, uint32(0), false
	state := pihealth.State{
		Model: "Raspberry Pi 4 Model B", ClockHz: 1.8e9, Celsius: &celsius, Throttled: &throttled, Undervoltage: &undervoltage,
		Memory: &pihealth.Memory{Total: 4e9, Available: 3e9}, Volumes: []pihealth.Volume{{Folder: "/", Free: 2e10, Total: 3e10}},
	}
	m := &Machine{
		Root: fstest.MapFS{
			"lib/ld-linux-aarch64.so.1":          file(""),
			"run/systemd/system/x":               file(""),
			"dev/i2c-1":                          file(""),
			"dev/gpiochip0":                      file(""),
			"sys/class/hwmon/hwmon1/name":        file("pwmfan\n"),
			"sys/class/hwmon/hwmon1/fan1_input":  file("3200\n"),
			"etc/systemd/system/halfmeg.service": file(""),
			wanted:                               file(""),
			processes:                            file("123\n"),
			"proc/net/tcp":                       file(table),
			"proc/123/comm":                      file("nginx\n"),
			"proc/123/fd/3":                      {Data: []byte("/dev/null"), Mode: fs.ModeSymlink | 0o777},
			"proc/123/fd/4":                      {Data: []byte("socket:[12345]"), Mode: fs.ModeSymlink | 0o777},
			"proc/124/fd/4":                      {Data: []byte("socket:[777]"), Mode: fs.ModeSymlink | 0o777},
		},
		Arch: "arm64", Kernel: "aarch64", PageSize: 4096,
		Now: func() time.Time { return now }, Built: now.Add(-time.Hour),
		Synced:   func() (bool, bool) { return true, true },
		Access:   func(string) error { return nil },
		LookPath: func(name string) (string, error) { return "/usr/bin/" + name, nil },
		Health:   func() pihealth.State { return state },
	}
	p := &Plan{
		Config:     func() (string, error) { return "/etc/halfmeg/config.yaml", nil },
		Selected:   []Camera{{Address: "auto"}},
		Cameras:    func() []Source { return []Source{{"video0", "HD Webcam", ""}, {"video1", "HD Webcam", "no formats"}} },
		OpenCamera: func(context.Context, Camera) (string, error) { return "auto sends frames: YUYV 640x480", nil },
		Folder:     "/var/pictures", Bus: "/dev/i2c-1", GPIO: true,
		Listen: func() (int, error) { return 8080, nil },
		Broker: func(context.Context) (string, error) { return "broker:1883", nil },
		SelfTest: func(context.Context) (SelfTest, error) {
			return SelfTest{"squeezenet1.1", "neon", 4, 60 * time.Millisecond, 12 * time.Millisecond, 8, 8}, nil
		},
	}
	return m, p
}

// table is a /proc/net/tcp: two sockets that listen, on the ports 8080 and 22, and a connection to 8080.
const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345 1 0000000000000000 100 0 0 10 0
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 777 1 0000000000000000 100 0 0 10 0
   2: 0100007F:1F90 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 555 1 0000000000000000 20 4 30 10 -1
`

const (
	wanted    = "etc/systemd/system/multi-user.target.wants/halfmeg.service"
	processes = "sys/fs/cgroup/system.slice/halfmeg.service/cgroup.procs"
)

func file(content string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(content)} }

// run returns the output as text.
func run(t *testing.T, m *Machine, p *Plan) string {
	t.Helper()
	var b strings.Builder
	require.NoError(t, Run(t.Context(), m, p, func(f Finding) error {
		require.Equal(t, f.Status == OK, f.Cure == "", "%v: exactly what is not ok has a cure", f)
		return Write(&b, f)
	}))
	return b.String()
}

func TestHealthy(t *testing.T) {
	require.Equal(t, `ok       config    /etc/halfmeg/config.yaml is valid
ok       system    edge for arm64, kernel aarch64, pages of 4 kB
ok       power     the supply voltage is good
ok       heat      the processor has 51 °C, the fan 3200 rpm
ok       speed     Raspberry Pi 4 Model B, 1800 MHz
ok       memory    3.0 GB of 4.0 GB available
ok       storage   /: 20.0 GB of 30.0 GB free
ok       clock     it shows 2026-05-06 07:08:09
ok       service   halfmeg.service is running
ok       programs  /usr/bin/rpicam-vid
ok       programs  /usr/bin/ffmpeg
ok       i2c       /dev/i2c-1
ok       gpio      /dev/gpiochip0
ok       record    /var/pictures can be written
ok       page      port 8080 is free
ok       cameras   video0 (HD Webcam)
ok       camera    auto sends frames: YUYV 640x480
ok       mqtt      broker:1883 accepts this client
ok       self-test squeezenet1.1, neon kernels, 4 threads: 12.0 ms a frame, loaded in 60 ms; 8 of 8 answers are right
`, run(t, healthy1(nil), plan(nil)))
}

func healthy1(change func(*Machine)) *Machine {
	m, _ := healthy()
	if change != nil {
		change(m)
	}
	return m
}

func plan(change func(*Plan)) *Plan {
	_, p := healthy()
	if change != nil {
		change(p)
	}
	return p
}

// health changes the state of the board.
func (m *Machine) health(change func(*pihealth.State)) {
	s := m.Health()
	change(&s)
	m.Health = func() pihealth.State { return s }
}

func (m *Machine) remove(names ...string) {
	for _, name := range names {
		delete(m.Root.(fstest.MapFS), name)
	}
}

func (m *Machine) add(name, content string) { m.Root.(fstest.MapFS)[name] = file(content) }

// Each outcome of each check: how the machine or the plan differs from healthy, and a
// part of the output.
func TestOutcomes(t *testing.T) {
	for name, c := range map[string]struct {
		machine func(*Machine)
		plan    func(*Plan)
		want    string
	}{
		"bad configuration": {nil, func(p *Plan) {
			p.Config = func() (string, error) { return "", errors.New("config.yaml:3: unknown key liste") }
		}, "problem  config    config.yaml:3: unknown key liste\n                    correct it"},
		"no configuration": {nil, func(p *Plan) { p.Config = func() (string, error) { return "", nil } }, "ok       config    no configuration file"},

		"Pi 5":            {func(m *Machine) { m.PageSize = 16384 }, nil, "ok       system    edge for arm64, kernel aarch64, pages of 16 kB, which is fine\n"},
		"32-bit edge":     {func(m *Machine) { m.Arch = "arm" }, nil, "warning  system    a 32-bit edge on a 64-bit kernel: it computes with plain loops"},
		"32-bit kernel":   {func(m *Machine) { m.Arch, m.Kernel = "arm", "armv7l" }, nil, "warning  system    a 32-bit edge on a 32-bit kernel (armv7l)"},
		"32-bit userland": {func(m *Machine) { m.remove(loader64); m.add(loader32, "") }, nil, "ok       system    64-bit edge and kernel; the system's other programs are 32-bit"},
		"both userlands":  {func(m *Machine) { m.add(loader32, "") }, nil, "ok       system    edge for arm64"},

		"undervoltage":      {func(m *Machine) { m.health(func(s *pihealth.State) { *s.Throttled = 1 }) }, nil, "problem  power     the supply voltage is too low\n                    use the official power supply"},
		"past undervoltage": {func(m *Machine) { m.health(func(s *pihealth.State) { *s.Throttled = 1 << 16 }) }, nil, "warning  power     the supply voltage has been too low since the board was started\n"},
		"unknown voltage":   {func(m *Machine) { m.health(func(s *pihealth.State) { s.Throttled, s.Undervoltage = nil, nil }) }, nil, "kB\nok       heat"},
		"hot":               {func(m *Machine) { m.health(func(s *pihealth.State) { *s.Celsius = 83 }) }, nil, "problem  heat      it is too warm for full speed\n"},
		"capped":            {func(m *Machine) { m.health(func(s *pihealth.State) { *s.Throttled = 2 }) }, nil, "warning  speed     the clock is capped\n"},
		"short of memory":   {func(m *Machine) { m.health(func(s *pihealth.State) { s.Memory.Available = 1e7 }) }, nil, "warning  memory    " + "memory is short: 10 MB of 4.0 GB available\n"},
		"full card":         {func(m *Machine) { m.health(func(s *pihealth.State) { s.Volumes[0].Free = 1e8 }) }, nil, "problem  storage   the file system of / is almost full: 100 MB of 30.0 GB free\n                    delete something\n"},
		"read-only card":    {func(m *Machine) { m.health(func(s *pihealth.State) { s.Volumes[0].ReadOnly = true }) }, nil, "problem  storage   the file system of / is read-only\n"},
		"no fan":            {func(m *Machine) { m.remove("sys/class/hwmon/hwmon1/fan1_input") }, nil, "heat      the processor has 51 °C\n"},

		"clock not set": {func(m *Machine) { m.Now = func() time.Time { return time.Unix(0, 0).UTC() } }, nil, "problem  clock     it shows 1970-01-01 00:00:00, but edge was built later"},
		"unknown build time": {func(m *Machine) {
			m.Built = time.Time{}
			m.Now = func() time.Time { return earliest.AddDate(0, 0, -2) }
		}, nil, "problem  clock     it shows 2025-12-30"},
		"build in the future": {func(m *Machine) { m.Built = m.Now().Add(23 * time.Hour) }, nil, "ok       clock"},
		"no time server":      {func(m *Machine) { m.Synced = func() (bool, bool) { return false, true } }, nil, "warning  clock     it shows 2026-05-06 07:08:09, but no time server has set it\n                    sudo timedatectl"},
		"unknown time server": {func(m *Machine) { m.Synced = func() (bool, bool) { return false, false } }, nil, "ok       clock"},

		"service not installed": {func(m *Machine) { m.remove(wanted, "etc/systemd/system/halfmeg.service", processes) }, nil, "ok       service   not installed; sudo edge install"},
		"service of a package": {func(m *Machine) {
			m.remove("etc/systemd/system/halfmeg.service")
			m.add("usr/lib/systemd/system/halfmeg.service", "")
		}, nil, "ok       service   halfmeg.service is running"},
		"service of edge install": {func(m *Machine) {
			m.remove(wanted, "etc/systemd/system/halfmeg.service", processes)
			m.add("etc/systemd/system/edge.service", "")
			m.add("etc/systemd/system/multi-user.target.wants/edge.service", "")
			m.add("sys/fs/cgroup/system.slice/edge.service/cgroup.procs", "9\n")
		}, nil, "ok       service   edge.service is running\n"},
		"service stopped":     {func(m *Machine) { m.add(processes, "") }, nil, "problem  service   halfmeg.service is installed, but is not running\n                    sudo systemctl restart"},
		"service disabled":    {func(m *Machine) { m.remove(wanted, processes) }, nil, "warning  service   halfmeg.service is installed, but is neither enabled nor running\n"},
		"service not enabled": {func(m *Machine) { m.remove(wanted) }, nil, "warning  service   halfmeg.service is running, but does not start with the board\n"},
		"no systemd": {func(m *Machine) {
			m.remove(wanted, "etc/systemd/system/halfmeg.service", processes, "run/systemd/system/x")
		}, nil, "07:08:09\nok       programs"},

		"old name of rpicam-vid": {func(m *Machine) { m.LookPath = only("libcamera-vid") }, nil, "ok       programs  /opt/libcamera-vid\n"},
		"no rpicam-vid":          {func(m *Machine) { m.LookPath = only() }, nil, "ok       programs  rpicam-vid is not installed; camera modules need it (sudo apt install rpicam-apps)\n"},
		"rpicam needed":          {func(m *Machine) { m.LookPath = only() }, func(p *Plan) { p.Selected = []Camera{{Address: "rpicam"}} }, "problem  programs  rpicam-vid is not installed, and the camera needs it\n                    sudo apt install rpicam-apps\n"},
		"ffmpeg needed":          {func(m *Machine) { m.LookPath = only() }, func(p *Plan) { p.Selected = []Camera{{Address: "rtsp://name:secret@door/stream"}} }, "problem  programs  ffmpeg is not installed, and the camera needs it\n                    sudo apt install ffmpeg\n"},
		"ffmpeg for a file":      {func(m *Machine) { m.LookPath = only() }, func(p *Plan) { p.Selected = []Camera{{Address: "a.MP4"}} }, "problem  programs  ffmpeg"},
		"no ffmpeg":              {func(m *Machine) { m.LookPath = only() }, func(p *Plan) { p.Selected = []Camera{{Address: "http://door/stream"}} }, "ok       programs  ffmpeg is not installed; only compressed video needs it"},
		"not a Pi":               {func(m *Machine) { m.health(func(s *pihealth.State) { s.Model = "" }) }, func(p *Plan) { p.Bus, p.GPIO = "", false }, "running\nok       programs  /usr/bin/ffmpeg\nok       record"},

		"no I2C":              {func(m *Machine) { m.remove("dev/i2c-1") }, nil, "problem  i2c       off: no /dev/i2c-1, but a display is configured\n                    sudo raspi-config nonint do_i2c 0"},
		"no I2C needed":       {func(m *Machine) { m.remove("dev/i2c-1") }, func(p *Plan) { p.Bus = "" }, "ok       i2c       off: no /dev/i2c-*; only needed for a display (sudo raspi-config"},
		"only HDMI's I2C":     {func(m *Machine) { m.remove("dev/i2c-1"); m.add("dev/i2c-20", "") }, nil, "problem  i2c       off: no /dev/i2c-1, but a display is configured\n"},
		"GPIO denied":         {func(m *Machine) { m.Access = deny("/dev/gpiochip0") }, nil, "problem  gpio      no permission for /dev/gpiochip0\n                    sudo usermod -aG gpio $USER, then log in again\n"},
		"GPIO denied, unused": {func(m *Machine) { m.Access = deny("/dev/gpiochip0") }, func(p *Plan) { p.GPIO = false }, "ok       gpio      no permission for /dev/gpiochip0; only needed for a pin or a button"},

		"folder denied":         {func(m *Machine) { m.Access = deny("/var/pictures") }, nil, "problem  record    /var/pictures: access /var/pictures: permission denied\n                    another folder"},
		"folder of the service": {func(m *Machine) { m.Access = deny("/var/lib/halfmeg/pictures") }, func(p *Plan) { p.Folder = "/var/lib/halfmeg/pictures" }, "ok       record    /var/lib/halfmeg/pictures belongs to the service\n"},
		"folder above":          {func(m *Machine) { m.Access = deny("/var/lib") }, func(p *Plan) { p.Folder = "/var/lib" }, "problem  record    /var/lib: access /var/lib: permission denied\n                    another folder for --record, one that this user may write to\n"},
		"no folder":             {nil, func(p *Plan) { p.Folder = "" }, "gpiochip0\nok       page"},

		"port of another program":  {nil, func(p *Plan) { p.Listen = taken }, "problem  page      --listen :8080: taken; it belongs to process 123 (nginx)\n                    sudo ss -ltnp"},
		"port of the service":      {func(m *Machine) { m.add("proc/123/comm", "edge\n") }, func(p *Plan) { p.Listen = taken }, "ok       page      port 8080 is in use, probably by the service\n"},
		"port of a hidden program": {func(m *Machine) { m.remove("proc/123/fd/4") }, func(p *Plan) { p.Listen = taken }, "ok       page      port 8080 is in use, probably by the service\n"},
		"port without a service":   {func(m *Machine) { m.remove("proc/123/fd/4"); m.add(processes, "") }, func(p *Plan) { p.Listen = taken }, "problem  page      --listen :8080: taken\n"},
		"invalid address":          {nil, func(p *Plan) { p.Listen = func() (int, error) { return 0, errors.New("expected an address") } }, "problem  page      expected an address\n"},
		"no page":                  {nil, func(p *Plan) { p.Listen = nil }, "written\nok       cameras"},

		"no camera": {nil, func(p *Plan) {
			p.Cameras = func() []Source { return nil }
			p.OpenCamera = failing("no video device found")
		}, "free\nproblem  camera    no video device found\n                    edge cameras"},
		"no camera, network camera": {nil, func(p *Plan) {
			p.Selected = []Camera{{Address: "http://x"}}
			p.Cameras = func() []Source { return nil }
		}, "ok       cameras   none was found\nok       camera    auto sends"},
		"cameras denied": {nil, func(p *Plan) {
			p.Selected = []Camera{{Address: "video0"}}
			p.Cameras = func() []Source { return []Source{{"video0", "", "no permission: sudo usermod -aG video $USER"}} }
			p.OpenCamera = failing("video0: no permission")
		}, "warning  cameras   none can be used: video0: no permission: sudo usermod -aG video $USER\n                    follow the message, or use a network camera\nproblem  camera    video0: no permission\n"},
		"camera of the service":     {nil, func(p *Plan) { p.OpenCamera = failing("video0: in use by process 7 (edge): stop it first") }, "ok       camera    in use by the service\n"},
		"camera of another program": {func(m *Machine) { m.add(processes, "") }, func(p *Plan) { p.OpenCamera = failing("video0: in use by process 7 (zoom): stop it first") }, "problem  camera    video0: in use by process 7 (zoom): stop it first\n"},
		"camera without frames": {nil, func(p *Plan) {
			p.OpenCamera = func(context.Context, Camera) (string, error) {
				return "", fmt.Errorf("next: %w", context.DeadlineExceeded)
			}
		}, "problem  camera    no frame within 20s\n"},

		"no broker": {nil, func(p *Plan) {
			p.Broker = func(context.Context) (string, error) { return "b:1883", errors.New("connection refused") }
		}, "problem  mqtt      b:1883: connection refused\n                    check that the broker runs"},
		"bad broker": {nil, func(p *Plan) {
			p.Broker = func(context.Context) (string, error) { return "", errors.New("the address must be") }
		}, "problem  mqtt      the address must be\n"},
		"no MQTT": {nil, func(p *Plan) { p.Broker = nil }, "480\nok       self-test"},

		"no network": {nil, func(p *Plan) {
			p.SelfTest = func(context.Context) (SelfTest, error) { return SelfTest{}, errors.New("x.sqz: damaged") }
		}, "problem  self-test x.sqz: damaged\n"},
		"wrong answers": {nil, func(p *Plan) { p.SelfTest = right(0) }, "0 of 8 answers are right\n                    a custom network that does not know"},
		"some answers":  {nil, func(p *Plan) { p.SelfTest = right(7) }, "warning  self-test x, neon kernels"},
	} {
		t.Run(name, func(t *testing.T) { require.Contains(t, run(t, healthy1(c.machine), plan(c.plan)), c.want) })
	}
}

func taken() (int, error) { return 8080, errors.New("--listen :8080: taken") }

func right(n int) func(context.Context) (SelfTest, error) {
	return func(context.Context) (SelfTest, error) {
		return SelfTest{Network: "x", Kernels: "neon", Right: n, Frames: 8}, nil
	}
}

func failing(text string) func(context.Context, Camera) (string, error) {
	return func(context.Context, Camera) (string, error) { return "", errors.New(text) }
}

// only returns a LookPath that finds these programs.
func only(names ...string) func(string) (string, error) {
	return func(name string) (string, error) {
		if slices.Contains(names, name) {
			return "/opt/" + name, nil
		}
		return "", fs.ErrNotExist
	}
}

// deny returns an Access that denies one path.
func deny(path string) func(string) error {
	return func(p string) error {
		if p == path {
			return &fs.PathError{Op: "access", Path: p, Err: fs.ErrPermission}
		}
		return nil
	}
}

// Run ends when it is interrupted or when the output fails.
func TestRunEnds(t *testing.T) {
	m, p := healthy()
	ctx, cancel := context.WithCancel(t.Context())
	p.OpenCamera = func(context.Context, Camera) (string, error) { cancel(); return "", ctx.Err() }
	require.Equal(t, context.Canceled, Run(ctx, m, p, func(Finding) error { return nil }))
	failed := errors.New("full")
	require.Equal(t, failed, Run(t.Context(), m, p, func(Finding) error { return failed }))
}

func TestWriteIsPrintable(t *testing.T) {
	var b strings.Builder
	require.NoError(t, Write(&b, Finding{"camera", Problem, "evil\x1b[2J\nname", "x\ny"}))
	require.NotContains(t, b.String(), "\x1b")
	require.Equal(t, 2, strings.Count(b.String(), "\n"))
}

func TestLocal(t *testing.T) {
	m := Local()
	require.NotEmpty(t, m.Kernel)
	require.GreaterOrEqual(t, m.PageSize, 4096)
	require.NoError(t, m.Access(t.TempDir()))
	require.ErrorIs(t, m.Access("/no such file"), os.ErrNotExist)
	if synced, known := m.Synced(); !known {
		require.False(t, synced)
	}
}

func FuzzListeners(f *testing.F) {
	f.Add(table, 8080)
	f.Add("0: 1F90 x 0A : : : : : 9 9", -1)
	f.Add("0: :FFFFF 0:0 0A a b c d e f", 65535)
	f.Fuzz(func(t *testing.T, table string, port int) {
		for _, s := range listeners(table, port) {
			require.Regexp(t, `^socket:\[\S*\]$`, s)
			require.True(t, port >= 0 && port < 1<<16)
		}
	})
}
