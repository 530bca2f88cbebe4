package picture

import (
	"bytes"
	"image"
	"image/jpeg"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/internal/jpegsegment"
)

// AppendFile completes what cameras omit, so that image/jpeg, which is stricter than
// Decode, reads the result.
func TestAppendFile(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 40, 24)), nil))
	file := b.Bytes()
	start := bytes.Index(file, []byte{0xff, jpegsegment.DHT})
	length := 2 + int(file[start+2])<<8 + int(file[start+3])
	bare := append(bytes.Clone(file[:start]), file[start+length:]...) // without tables
	for name, frame := range map[string][]byte{
		"file":              file,
		"without tables":    bare,
		"without end":       file[:len(file)-2],
		"with neither":      bare[:len(bare)-2],
		"with bytes before": append([]byte("\x00\x00\xff"), bare...),
	} {
		got := AppendFile([]byte("head"), frame)
		require.Equal(t, "head", string(got[:4]), name)
		require.True(t, bytes.HasPrefix(got[4:], file[:start]), name)
		_, err := jpeg.Decode(bytes.NewReader(got[4:]))
		require.NoError(t, err, name)
	}
	require.Equal(t, file, AppendFile(nil, file))
}
