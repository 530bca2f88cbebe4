package jpegsegment

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAll(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		want []Segment
	}{
		"empty":           {"", nil},
		"SOI alone":       {"\xff\xd8", nil},
		"two segments":    {"\xff\xd8\xff\xe1\x00\x04ab\xff\xda\x00\x08", []Segment{{APP1, 2, []byte("ab")}, {SOS, 8, nil}}},
		"fill bytes":      {"\xff\xd8\xff\xff\xff\xc4\x00\x02\xff\xff\xda\x00\x08", []Segment{{DHT, 4, []byte{}}, {SOS, 9, nil}}},
		"nothing in scan": {"\xff\xd8\xff\xda\x00\x02\xff\xe1\x00\x02", []Segment{{SOS, 2, nil}}},
		"truncated":       {"\xff\xd8\xff\xe1\x00\x05ab", nil},
		"length too low":  {"\xff\xd8\xff\xe1\x00\x01\xff\xda\x00\x08", nil},
		"no marker":       {"\xff\xd8\xff\xe1\x00\x02\x00\xda\x00\x08", []Segment{{APP1, 2, []byte{}}}},
	} {
		require.Equal(t, c.want, slices.Collect(All([]byte(c.file))), name)
	}
}

// TestStop stops after the first segment.
func TestStop(t *testing.T) {
	for s := range All([]byte("\xff\xd8\xff\xe1\x00\x02\xff\xda\x00\x08")) {
		require.EqualValues(t, APP1, s.Marker)
		break
	}
}
