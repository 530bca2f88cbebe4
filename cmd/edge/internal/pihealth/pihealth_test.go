package pihealth

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// The files of a Raspberry Pi 4; their names differ slightly between boards.
const (
	thermal   = "sys/class/thermal/thermal_zone0/"
	throttled = "sys/devices/platform/soc/soc:firmware/get_throttled"
)

func files(contents map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, content := range contents {
		fsys[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return fsys
}

func TestRead(t *testing.T) {
	s := Read(files(map[string]string{
		modelFile:        "Raspberry Pi 4 Model B Rev 1.4\x00",
		clockFile:        "1800000\n",
		thermal + "type": "cpu-thermal\n",
		thermal + "temp": "61343\n",
		throttled:        "50005\n",
	}))
	require.Equal(t, "Raspberry Pi 4 Model B Rev 1.4", s.Model)
	require.InDelta(t, 1.8e9, s.ClockHz, 0)
	require.InDelta(t, 61.343, *s.Celsius, 1e-9)
	require.Equal(t, uint32(0x50005), *s.Throttled)
	require.Equal(t, []string{"the supply voltage is too low", "the processor is throttled"}, Texts(s.Problems()))
	require.True(t, s.IsThrottled())
}

func TestPastProblems(t *testing.T) {
	s := Read(files(map[string]string{"sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled": "0xe0008\n"}))
	require.True(t, s.IsThrottled())
	require.Equal(t, []string{
		"it is too warm for full speed", "the clock has been capped", "the processor has been throttled",
	}, Texts(s.Problems()))
	require.Equal(t, []string{heatCure, clockCure}, Cures(s.Problems()))
	require.False(t, *s.Undervoltage)
}

// Missing and empty files leave the state empty.
func TestReadOfNothing(t *testing.T) {
	require.Equal(t, State{}, Read(files(nil)))
	broken := Read(files(map[string]string{clockFile: "fast\n", thermal + "type": "acpitz\n", thermal + "temp": "40000\n", throttled: "no\n"}))
	require.Equal(t, State{}, broken)
	require.Empty(t, broken.Problems())
}
