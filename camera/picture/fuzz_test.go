package picture

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzDecode checks that any file is either a one-line error or a picture within
// the limits.
func FuzzDecode(f *testing.F) {
	whole := image.Rect(0, 0, 5, 3)
	palette := color.Palette{color.RGBA{1, 2, 3, 255}, color.NRGBA{9, 8, 7, 100}}
	for _, img := range []image.Image{
		image.NewGray(whole), image.NewGray16(whole), image.NewNRGBA(whole), image.NewNRGBA64(whole),
		image.NewPaletted(whole, palette), image.NewRGBA(whole),
	} {
		f.Add(pngFile(f, img))
	}
	f.Add(withChunk(pngFile(f, image.NewGray(whole)), "eXIf", exif(binary.LittleEndian, 6)))
	f.Add(gifFile(f))
	f.Add(bmpFile(f, image.NewGray(whole)))
	f.Add(bmpFile(f, image.NewNRGBA(whole)))
	chroma := flat(1, 1, 90)
	rotated := grey(24, 16, 1, 2, 3, 4, 5)
	rotated.exif = exif(binary.BigEndian, 8)
	for _, spec := range []jpegSpec{
		grey(9, 9, 100, 3),
		rotated,
		{frame: 0xc0, precision: 8, width: 17, height: 9, components: []component{flat(2, 2, 60), chroma, chroma}},
		{frame: 0xc2, precision: 8, width: 17, height: 9, components: []component{flat(2, 1, 60), chroma, chroma}},
		{frame: 0xc0, precision: 8, width: 9, height: 9, components: []component{chroma, chroma, chroma, chroma}, adobe: []byte{0}},
		{frame: 0xc0, precision: 8, width: 9, height: 9, components: []component{chroma, chroma, chroma, chroma}, adobe: []byte{2}},
		{frame: 0xc9, precision: 8, width: 9, height: 9, components: []component{chroma}},
		{frame: 0xc1, precision: 12, width: 9, height: 9, components: []component{chroma}},
	} {
		f.Add(spec.file())
	}
	f.Add([]byte("\x00\x00\x00\x18ftypheic"))
	f.Add([]byte("text"))
	const maxPixels = 1 << 18
	f.Fuzz(func(t *testing.T, file []byte) {
		img, err := decode(bytes.NewReader(file), 1<<16, limits{pixels: maxPixels})
		if err != nil {
			require.Nil(t, img)
			require.NotContains(t, err.Error(), "\n")
			return
		}
		require.Positive(t, img.Width)
		require.Positive(t, img.Height)
		require.LessOrEqual(t, img.Width*img.Height, maxPixels)
		require.Len(t, img.Pix, 3*img.Width*img.Height)
	})
}

// FuzzExif checks that reading the orientation of any data does not panic.
func FuzzExif(f *testing.F) {
	f.Add(exif(binary.LittleEndian, 3))
	f.Add(exif(binary.BigEndian, 9))
	spec := grey(8, 8, 1)
	spec.exif = exif(binary.BigEndian, 5)
	f.Add(spec.file())
	f.Add(withChunk(pngFile(f, image.NewGray(image.Rect(0, 0, 1, 1))), "eXIf", exif(binary.LittleEndian, 7)))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, exif := range [][]byte{data, jpegExif(data), pngExif(data)} {
			o := readOrientation(exif)
			require.GreaterOrEqual(t, o, identity)
			require.LessOrEqual(t, o, rotate270)
		}
		_ = checkJPEG(data)
	})
}

func BenchmarkDecode(b *testing.B) {
	blocks := make([]byte, 0, 80*60*3/2)
	for i := range cap(blocks) {
		blocks = append(blocks, byte(i*37))
	}
	spec := jpegSpec{frame: 0xc0, precision: 8, width: 640, height: 480, components: []component{
		{2, 2, blocks}, {1, 1, blocks[7:]}, {1, 1, blocks[9:]},
	}}
	file := spec.file()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(bytes.NewReader(file)); err != nil {
			b.Fatal(err)
		}
	}
}
