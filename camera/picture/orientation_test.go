package picture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// orientedPictures has, for each value of the tag (Exif 2.32, section 4.6.4 A), the
// oriented picture of one stored as the rows ABC and DEF.
var orientedPictures = map[uint16]string{
	1: "ABC DEF",
	2: "CBA FED",
	3: "FED CBA",
	4: "DEF ABC",
	5: "AD BE CF",
	6: "DA EB FC",
	7: "FC EB DA",
	8: "CF BE AD",
}

func TestOrientation(t *testing.T) {
	letters := []byte("ABCDEF")
	gray := image.NewGray(image.Rect(0, 0, 3, 2))
	copy(gray.Pix, letters)
	stored := pngFile(t, gray)
	for value, want := range orientedPictures {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			t.Run(fmt.Sprintf("%d %v", value, order), func(t *testing.T) {
				// a JPEG of 3x2 blocks, a letter each
				spec := grey(24, 16, letters...)
				spec.exif = exif(order, value)
				img, err := Decode(bytes.NewReader(spec.file()))
				require.NoError(t, err)
				require.Equal(t, want, spell(img, 8))

				padded := append([]byte{0xff, 0xd8, 0xff, 0xff}, spec.file()[2:]...) // fill bytes before a marker
				img, err = Decode(bytes.NewReader(padded))
				require.NoError(t, err)
				require.Equal(t, want, spell(img, 8))

				img, err = Decode(bytes.NewReader(withChunk(stored, "eXIf", exif(order, value))))
				require.NoError(t, err)
				require.Equal(t, want, spell(img, 1))
			})
		}
	}
}

// spell reads one grey value per block; spaces separate the rows.
func spell(img *Image, block int) string {
	var rows []string
	for y := block / 2; y < img.Height; y += block {
		var row []byte
		for x := block / 2; x < img.Width; x += block {
			row = append(row, img.Pix[3*(y*img.Width+x)])
		}
		rows = append(rows, string(row))
	}
	return strings.Join(rows, " ")
}

// TestOrientationOfColours checks that the channels of a pixel stay together.
func TestOrientationOfColours(t *testing.T) {
	src := image.NewNRGBA(image.Rect(0, 0, 2, 1))
	copy(src.Pix, []byte{1, 2, 3, 255, 4, 5, 6, 255})
	img, err := Decode(bytes.NewReader(withChunk(pngFile(t, src), "eXIf", exif(binary.BigEndian, 8))))
	require.NoError(t, err)
	require.Equal(t, &Image{1, 2, []byte{4, 5, 6, 1, 2, 3}}, img)
}

// TestMalformedExif checks that malformed data mean identity.
func TestMalformedExif(t *testing.T) {
	good := exif(binary.LittleEndian, 6)
	require.Equal(t, rotate90, readOrientation(good))
	change := func(at int, content ...byte) []byte {
		b := bytes.Clone(good)
		copy(b[at:], content)
		return b
	}
	const second = 8 + 2 + 2 + 12 // offset of the second entry
	for name, data := range map[string][]byte{
		"none":                     nil,
		"not TIFF":                 []byte("Hello, world, this is long enough"),
		"directory far outside":    change(4, 0xff, 0xff, 0xff, 0xff),
		"directory at the end":     change(4, byte(len(good)), 0),
		"directory one before end": change(4, byte(len(good)-1), 0),
		"no entries":               change(10, 0, 0),
		"value 0":                  change(second+8, 0),
		"value 9":                  change(second+8, 9),
		"wrong type":               change(second+2, 4),
		"truncated":                good[:second+6],
		"more entries than it has": change(10, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x13)[:second+12],
	} {
		require.Equal(t, identity, readOrientation(data), name)
	}
	for n := range len(good) {
		readOrientation(good[:n]) // must not panic
	}
	spec := grey(8, 8, 9)
	spec.exif = good
	jpeg, png := spec.file(), withChunk(pngFile(t, image.NewGray(image.Rect(0, 0, 1, 1))), "eXIf", good)
	for n := range bytes.Index(jpeg, good) + len(good) {
		require.Nil(t, jpegExif(jpeg[:n]))
	}
	for n := range bytes.Index(png, good) + len(good) + 4 {
		require.Nil(t, pngExif(png[:n]))
	}
	spec.exif = []byte("MM\x00*\xff\xff\xff\xff")
	img, err := Decode(bytes.NewReader(spec.file()))
	require.NoError(t, err)
	require.Equal(t, 8, img.Width)
}
