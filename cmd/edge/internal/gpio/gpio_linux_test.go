package gpio_test

import (
	"os"
	"testing"
	"testing/fstest"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"halfmeg/cmd/edge/internal/gpio"
	"halfmeg/cmd/edge/internal/gpio/gpiotest"
)

// The request numbers, which contain the size of a structure, are those that a C compiler
// makes of linux/gpio.h.
func TestRequests(t *testing.T) {
	for name, c := range map[string]struct {
		number, size uintptr
		want         uintptr
	}{
		"GPIO_GET_CHIPINFO_IOCTL":       {unix.GPIO_GET_CHIPINFO_IOCTL, unsafe.Sizeof(unix.GPIOChipInfo{}), 0x8044b401},
		"GPIO_V2_GET_LINEINFO_IOCTL":    {unix.GPIO_V2_GET_LINEINFO_IOCTL, unsafe.Sizeof(unix.GPIOV2LineInfo{}), 0xc100b405},
		"GPIO_V2_GET_LINE_IOCTL":        {unix.GPIO_V2_GET_LINE_IOCTL, unsafe.Sizeof(unix.GPIOV2LineRequest{}), 0xc250b407},
		"GPIO_V2_LINE_GET_VALUES_IOCTL": {unix.GPIO_V2_LINE_GET_VALUES_IOCTL, unsafe.Sizeof(unix.GPIOV2LineValues{}), 0xc010b40e},
		"GPIO_V2_LINE_SET_VALUES_IOCTL": {unix.GPIO_V2_LINE_SET_VALUES_IOCTL, unsafe.Sizeof(unix.GPIOV2LineValues{}), 0xc010b40f},
	} {
		require.Equal(t, c.want, c.number, "%s: %#x", name, c.number)
		require.Equal(t, c.want>>16&0x3fff, c.size, name)
	}
}

// Sizes and offsets are those of a C compiler, on every architecture.
func TestLayouts(t *testing.T) {
	for name, c := range map[string]struct{ got, want uintptr }{
		"gpiochip_info.label":                     {unsafe.Offsetof(unix.GPIOChipInfo{}.Label), 32},
		"gpiochip_info.lines":                     {unsafe.Offsetof(unix.GPIOChipInfo{}.Lines), 64},
		"gpio_v2_line_attribute":                  {unsafe.Sizeof(unix.GPIOV2LineAttribute{}), 16},
		"gpio_v2_line_attribute.flags":            {unsafe.Offsetof(unix.GPIOV2LineAttribute{}.Flags), 8},
		"gpio_v2_line_config":                     {unsafe.Sizeof(unix.GPIOV2LineConfig{}), 272},
		"gpio_v2_line_config.attrs":               {unsafe.Offsetof(unix.GPIOV2LineConfig{}.Attrs), 32},
		"gpio_v2_line_request.consumer":           {unsafe.Offsetof(unix.GPIOV2LineRequest{}.Consumer), 256},
		"gpio_v2_line_request.config":             {unsafe.Offsetof(unix.GPIOV2LineRequest{}.Config), 288},
		"gpio_v2_line_request.num_lines":          {unsafe.Offsetof(unix.GPIOV2LineRequest{}.Num_lines), 560},
		"gpio_v2_line_request.fd":                 {unsafe.Offsetof(unix.GPIOV2LineRequest{}.Fd), 588},
		"gpio_v2_line_info.consumer":              {unsafe.Offsetof(unix.GPIOV2LineInfo{}.Consumer), 32},
		"gpio_v2_line_info.offset":                {unsafe.Offsetof(unix.GPIOV2LineInfo{}.Offset), 64},
		"gpio_v2_line_info.flags":                 {unsafe.Offsetof(unix.GPIOV2LineInfo{}.Flags), 72},
		"gpio_v2_line_event":                      {unsafe.Sizeof(unix.GPIOV2LineEvent{}), 48},
		"gpio_v2_line_config_attribute.mask":      {unsafe.Offsetof(unix.GPIOV2LineConfigAttribute{}.Mask), 16},
		"gpio_v2_line_config_attribute (in size)": {unsafe.Sizeof(unix.GPIOV2LineConfigAttribute{}), 24},
	} {
		require.Equal(t, c.want, c.got, name)
	}
}

// pi5 returns a Kernel with the chips of a Pi 5, whose header is not the first chip.
func pi5() *gpiotest.Kernel {
	k := &gpiotest.Kernel{}
	k.Add("gpiochip10", "gpio-brcmstb@107d508500", "-", "2712_BOOT_CS_N", "STATUS_LED")
	k.Add("gpiochip4", "pinctrl-rp1", "ID_SDA", "ID_SCL", "PIN3", "GPIO3", "GPIO4")
	return k
}

func address(t *testing.T, text string) gpio.Address {
	t.Helper()
	a, err := gpio.ParseAddress(text)
	require.NoError(t, err)
	return a
}

// A line is found by name or offset, with its chip or without.
func TestFind(t *testing.T) {
	for text, want := range map[string]string{
		"GPIO3":                              "line 3 of gpiochip4 (pinctrl-rp1)",
		"3":                                  "line 3 of gpiochip4 (pinctrl-rp1)",
		"GPIO2":                              "line 2 of gpiochip4 (pinctrl-rp1)", // which has another name
		"gpiochip4/4":                        "line 4 of gpiochip4 (pinctrl-rp1)",
		"/dev/gpiochip10/2":                  "line 2 of gpiochip10 (gpio-brcmstb@107d508500)",
		"gpio-brcmstb@107d508500/STATUS_LED": "line 2 of gpiochip10 (gpio-brcmstb@107d508500)",
		"STATUS_LED":                         "line 2 of gpiochip10 (gpio-brcmstb@107d508500)",
	} {
		line, err := gpio.NewWith(pi5(), "").Output(address(t, text), false)
		require.NoError(t, err, text)
		require.Equal(t, want, line.String(), text)
	}
	line, err := gpio.NewWith(pi5(), "gpiochip10").Output(address(t, "1"), false)
	require.NoError(t, err)
	require.Equal(t, "line 1 of gpiochip10 (gpio-brcmstb@107d508500)", line.String())
}

// Each error names what exists, or what to do.
func TestFindErrors(t *testing.T) {
	two := &gpiotest.Kernel{}
	two.Add("gpiochip0", "left", "A", "LAMP")
	two.Add("gpiochip1", "right", "B", "LAMP")
	denied := pi5()
	denied.Deny(true)
	for _, c := range []struct {
		kernel        *gpiotest.Kernel
		address, want string
	}{
		{&gpiotest.Kernel{}, "GPIO17", "this machine has no GPIO chip"},
		{denied, "GPIO3", "no permission for /dev/gpiochip4: add the user to the group gpio"},
		{denied, "gpiochip10/1", "no permission for /dev/gpiochip10"},
		{pi5(), "GPIO99", `no line "GPIO99" in gpiochip4 (pinctrl-rp1), gpiochip10 (gpio-brcmstb@107d508500); similar names: GPIO3, GPIO4`},
		{pi5(), "xyz", `no line "xyz" in gpiochip4 (pinctrl-rp1), gpiochip10 (gpio-brcmstb@107d508500)`},
		{pi5(), "99", "gpiochip4 (pinctrl-rp1) has lines 0 to 4, not 99"},
		{pi5(), "gpiochip7/3", `no chip "gpiochip7"; this machine has gpiochip10 (gpio-brcmstb@107d508500), gpiochip4 (pinctrl-rp1)`},
		{two, "1", "write gpiochip0/1 or set --pin-chip"},
		{two, "LAMP", "gpiochip0 (left) and gpiochip1 (right) both have a line LAMP: write gpiochip0/LAMP or gpiochip1/LAMP"},
	} {
		_, err := gpio.NewWith(c.kernel, "").Output(address(t, c.address), false)
		require.ErrorContains(t, err, c.want, c.address)
	}
}

// An output never has another level than the one that was set: a request makes it inactive.
func TestOutput(t *testing.T) {
	for _, activeLow := range []bool{false, true} {
		k := pi5()
		k.Drive("GPIO3", !activeLow)
		line, err := gpio.NewWith(k, "").Output(address(t, "GPIO3"), activeLow)
		require.NoError(t, err)
		require.Equal(t, "halfmeg", k.Consumer("GPIO3"))
		require.NoError(t, line.Set(true))
		active, err := line.Active()
		require.NoError(t, err)
		require.True(t, active)
		require.NoError(t, line.Set(false))
		require.Equal(t, []bool{activeLow, !activeLow, activeLow}, k.History("GPIO3"))
		require.NoError(t, line.Close())
		require.Empty(t, k.Consumer("GPIO3"))
		require.ErrorIs(t, line.Set(true), os.ErrClosed)
	}
}

// A busy line names who uses it.
func TestBusy(t *testing.T) {
	k := pi5()
	k.Occupy("GPIO3", "onewire@0")
	_, err := gpio.NewWith(k, "").Output(address(t, "GPIO3"), false)
	var busy *gpio.BusyError
	require.ErrorAs(t, err, &busy)
	require.EqualError(t, err, `line 3 of gpiochip4 (pinctrl-rp1) is in use by "onewire@0"`)
}

// An input without bias and debouncing is better than none.
func TestInput(t *testing.T) {
	for _, plain := range []bool{false, true} {
		k := pi5()
		if plain {
			k.Plain()
		}
		k.Drive("GPIO4", true)
		line, err := gpio.NewWith(k, "").Input(address(t, "GPIO4"), gpio.Input{ActiveLow: true, Debounce: 5000})
		require.NoError(t, err)
		k.Drive("GPIO4", false)
		require.NoError(t, line.Wait())
		active, err := line.Active()
		require.NoError(t, err)
		require.True(t, active)
		k.Remove("gpiochip4")
		require.ErrorIs(t, line.Wait(), unix.ENODEV)
	}
}

func TestPersists(t *testing.T) {
	const path = "sys/module/pinctrl_rp1/parameters/persist_gpio_outputs"
	require.False(t, gpio.Persists(fstest.MapFS{}))
	require.False(t, gpio.Persists(fstest.MapFS{path: {Data: []byte("N\n")}}))
	require.True(t, gpio.Persists(fstest.MapFS{path: {Data: []byte("Y\n")}}))
}
