package sqz_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"halfmeg/model/pretrained"
	"halfmeg/model/sqz"
)

// TestPretrainedBytes: decoding the embedded files and encoding them again
// reproduces their bytes.
func TestPretrainedBytes(t *testing.T) {
	for _, name := range pretrained.Names() {
		file, err := pretrained.Bytes(name)
		require.NoError(t, err)
		n, err := sqz.Decode(file)
		require.NoError(t, err)
		again, err := sqz.Encode(n)
		require.NoError(t, err)
		require.True(t, bytes.Equal(file, again), name)
	}
}
