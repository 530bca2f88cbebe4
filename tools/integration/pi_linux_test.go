package integration

import (
	"os"
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
func needPi(t *testing.T, variable string) string {
	t.Helper()
	value := os.Getenv(variable)
	if value == "" {
		t.Skip("LEFT OUT: tests with buses and lines: make integration runs them on an emulated board")
	}
	return value
}
