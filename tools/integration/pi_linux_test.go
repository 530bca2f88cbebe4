package integration

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// The emulated Raspberry Pi 3 has the devices that the other tests rely on.
func TestPiHasItsDevices(t *testing.T) {
	bus, sim := needPi(t, "HALFMEG_I2C"), needPi(t, "HALFMEG_GPIO_SIM")
	info, err := os.Stat(bus)
	require.NoError(t, err)
	require.NotZero(t, info.Mode()&os.ModeCharDevice)
	// Creating the folder creates a chip that is not live yet.
	require.NoError(t, os.Mkdir(sim+"/board", 0o755))
	require.FileExists(t, sim+"/board/live")
	require.NoError(t, os.Remove(sim+"/board"))
}

// needPi returns an environment variable that names a device of the Raspberry
// Pi, or skips the test if it is not set.
func needPi(tb testing.TB, variable string) string {
	tb.Helper()
	value := os.Getenv(variable)
	if value == "" {
		tb.Skip("LEFT OUT: tests with buses and lines: make integration runs them on an emulated board")
	}
	return value
}

// displayed returns the arguments of edge for a display on the board, without options.
func displayed(bus string, more ...string) []string {
	return append([]string{"--camera", "testcard", "--rate", "2", "--half-life", "0",
		"--display", "ssd1306", "--display-bus", bus, "--display-info", "none"}, more...)
}

// controllerOf returns the controller of a bus, the device of i2cDriver.
func controllerOf(tb testing.TB, bus string) string {
	tb.Helper()
	adapter, err := filepath.EvalSymlinks(filepath.Join("/sys/bus/i2c/devices", filepath.Base(bus)))
	require.NoError(tb, err)
	return filepath.Base(filepath.Dir(adapter))
}

// The bus of the display is removed and added again while edge runs. What the display
// shows is checked with the trace of the bus, after the board was on.
func TestPiDisplayUnplug(t *testing.T) {
	bus := needPi(t, "HALFMEG_I2C")
	controller := controllerOf(t, bus)
	r := start(t, displayed(bus)...)
	r.next(t)
	i2cDriver.unbind(t, controller)
	r.reports(t, "no display acknowledges")
	r.reports(t, "no I2C bus "+bus)
	i2cDriver.bind(t, controller)
	r.reports(t, "the display works again")
	for range 2 { // the first one was perhaps waiting
		r.next(t)
	}
	require.NoError(t, r.cmd.Process.Signal(syscall.SIGTERM))
	for r.frames.Decode(&frame{}) == nil { // until the output ends
	}
	require.NoError(t, r.cmd.Wait())
}

// A display at another address, on another bus or without permission is a warning.
func TestPiDisplayMissing(t *testing.T) {
	bus := needPi(t, "HALFMEG_I2C")
	r := start(t, displayed(bus, "--display-address", "0x3d")...)
	r.reports(t, "no display acknowledges at address 0x3d of "+bus)
	require.Contains(t, r.stderr.Text(), "these do: 0x3c;")
	r.next(t)

	r = start(t, displayed("/dev/i2c-99")...)
	r.reports(t, "no I2C bus /dev/i2c-99: enable it by sudo raspi-config")
	require.Contains(t, r.stderr.Text(), bus)
	r.next(t)

	user := startAs(t, 1000, displayed(bus)...)
	user.reports(t, "no permission to use the I2C bus "+bus+": add the user to the group i2c")
	user.next(t)
}
