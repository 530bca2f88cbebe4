package oledtest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReplay(t *testing.T) {
	const trace = `17@1.5:i2c_event start(addr:0x3c)
17@1.5:i2c_send send(addr:0x3c) data:0x40
17@1.5:i2c_send send(addr:0x3c) data:0xa5
17@1.5:i2c_event finish(addr:0x3c)
i2c_event start(addr:0x3d)
i2c_send send(addr:0x3d) data:0x01
i2c_event finish(addr:0x3d)
other
i2c_event start(addr:0x3c)
i2c_recv recv(addr:0x3c) data:0xff
i2c_event finish(addr:0x3c)
`
	var transfers [][]byte
	require.NoError(t, Replay(strings.NewReader(trace), 0x3c, func(p []byte) error {
		transfers = append(transfers, p)
		return nil
	}))
	require.Equal(t, [][]byte{{0x40, 0xa5}, nil}, transfers)
}

// Columns and pages are addressed as the driver does it: by the commands of page mode.
func TestController(t *testing.T) {
	var c Controller
	require.NoError(t, c.Write([]byte{0x00, 0x20, 0x00, 0x21, 0, 127, 0x22, 0, 7, 0x81, 9, 0xaf}))
	require.True(t, c.On)
	require.EqualValues(t, 9, c.Contrast)
	require.NoError(t, c.Write([]byte{0x00, 0xb2, 0x0f, 0x17}))
	require.NoError(t, c.Write([]byte{0x40, 0xaa, 0xbb}))
	pages := c.Pages(64)
	require.EqualValues(t, 0xaa, pages[2*columns+127])
	require.EqualValues(t, 0xbb, pages[3*columns])
	require.Error(t, c.Write([]byte{0x00, 0xe5}))
	require.Error(t, c.Write([]byte{0x80}))
}
