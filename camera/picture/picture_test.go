package picture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/internal/memory"
)

// TestJPEG decodes pictures of one colour, whose sizes are no multiples of 8.
func TestJPEG(t *testing.T) {
	ycc := func(h, v byte) []component { return []component{flat(h, v, 100), flat(1, 1, 90), flat(1, 1, 200)} }
	four := func(a, b, c, d byte) []component {
		return []component{flat(1, 1, a), flat(1, 1, b), flat(1, 1, c), flat(1, 1, d)}
	}
	// Y 100, Cb 90, Cr 200: red 100+1.402*72 = 200.9, green
	// 100+0.344*38-0.714*72 = 61.6, blue 100-1.772*38 = 32.7; rounding goes
	// down for dark and up for bright values.
	colour := [3]byte{201, 62, 33}
	cases := []struct {
		name       string
		frame      byte
		components []component
		adobe      []byte
		want       [3]byte
	}{
		{"grey", 0xc0, []component{flat(1, 1, 77)}, nil, [3]byte{77, 77, 77}},
		{"grey, sampling factors 2x2", 0xc0, []component{flat(2, 2, 77)}, nil, [3]byte{77, 77, 77}},
		{"4:4:4", 0xc0, ycc(1, 1), nil, colour},
		{"4:2:2", 0xc0, ycc(2, 1), nil, colour},
		{"4:2:0", 0xc0, ycc(2, 2), nil, colour},
		{"4:4:0", 0xc0, ycc(1, 2), nil, colour},
		{"4:1:1", 0xc0, ycc(4, 1), nil, colour},
		{"4:1:0", 0xc0, ycc(4, 2), nil, colour},
		{"extended", 0xc1, ycc(2, 2), nil, colour},
		{"progressive", 0xc2, ycc(2, 2), nil, colour},
		{"progressive grey", 0xc2, []component{flat(1, 1, 200)}, nil, [3]byte{200, 200, 200}},
		{"RGB", 0xc0, ycc(1, 1), []byte{0}, [3]byte{100, 90, 200}},
		{"CMYK, inverted like Adobe's", 0xc0, four(200, 100, 50, 255), []byte{0}, [3]byte{200, 100, 50}},
		{"CMYK with 50 % black", 0xc0, four(200, 100, 50, 128), []byte{0}, [3]byte{100, 50, 25}},
		{"YCCK, RGB being inks", 0xc0, four(100, 90, 200, 255), []byte{2}, [3]byte{255 - 201, 255 - 62, 255 - 33}},
		{"progressive CMYK", 0xc2, four(0, 255, 0, 255), []byte{0}, [3]byte{0, 255, 0}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range [][2]int{{1, 1}, {13, 11}, {35, 17}} {
				spec := jpegSpec{frame: c.frame, precision: 8, width: size[0], height: size[1], components: c.components, adobe: c.adobe}
				img, err := Decode(bytes.NewReader(spec.file()))
				require.NoError(t, err)
				require.Equal(t, size[0], img.Width)
				require.Equal(t, size[1], img.Height)
				require.Equal(t, bytes.Repeat(c.want[:], size[0]*size[1]), img.Pix)
			}
		})
	}
}

func TestPNG(t *testing.T) {
	two := image.Rect(0, 0, 2, 1)
	white := color.NRGBA{255, 255, 255, 255}
	cases := []struct {
		name string
		img  interface {
			image.Image
			Set(x, y int, c color.Color)
		}
		left color.Color
		want [3]byte
	}{
		{"grey", image.NewGray(two), color.Gray{9}, [3]byte{9, 9, 9}},
		{"16-bit grey", image.NewGray16(two), color.Gray16{0x1290}, [3]byte{0x12, 0x12, 0x12}},             // 4752/257 = 18.49
		{"16-bit grey, rounded up", image.NewGray16(two), color.Gray16{0x1293}, [3]byte{0x13, 0x13, 0x13}}, // 4755/257 = 18.502
		{"colour", image.NewNRGBA(two), color.NRGBA{1, 2, 3, 255}, [3]byte{1, 2, 3}},
		{"16-bit colour", image.NewNRGBA64(two), color.NRGBA64{0xffff, 0x8101, 0x8000, 0xffff}, [3]byte{255, 129, 128}}, // 33025/257 = 128.502
		{"alpha", image.NewNRGBA(two), color.NRGBA{100, 0, 200, 51}, [3]byte{224, 204, 244}},                            // alpha 1/5 on white
		{"transparent", image.NewNRGBA(two), color.NRGBA{1, 2, 3, 0}, [3]byte{255, 255, 255}},
		{"16-bit alpha", image.NewNRGBA64(two), color.NRGBA64{0, 0x6464, 0xc8c8, 0x3333}, [3]byte{204, 224, 244}},
		{"palette", image.NewPaletted(two, color.Palette{white, color.RGBA{7, 8, 9, 255}}), color.RGBA{7, 8, 9, 255}, [3]byte{7, 8, 9}},
		{"palette with alpha", image.NewPaletted(two, color.Palette{white, color.NRGBA{100, 0, 200, 51}}), color.NRGBA{100, 0, 200, 51}, [3]byte{224, 204, 244}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			c.img.Set(0, 0, c.left)
			c.img.Set(1, 0, white)
			img, err := Decode(bytes.NewReader(pngFile(t, c.img)))
			require.NoError(t, err)
			require.Equal(t, &Image{2, 1, append(c.want[:], 255, 255, 255)}, img)
		})
	}
}

// TestGIF decodes the first frame on a white canvas.
func TestGIF(t *testing.T) {
	img, err := Decode(bytes.NewReader(gifFile(t)))
	require.NoError(t, err)
	want := bytes.Repeat([]byte{255}, 3*4*3)
	copy(want[3*(4+1):], []byte{10, 20, 30, 200, 100, 50})
	copy(want[3*(8+2):], []byte{10, 20, 30})
	require.Equal(t, &Image{4, 3, want}, img)
}

func TestBMP(t *testing.T) {
	src := image.NewRGBA(image.Rect(0, 0, 3, 2))
	var want []byte
	for i := range 6 {
		src.SetRGBA(i%3, i/3, color.RGBA{byte(i), byte(40 * i), byte(250 - i), 255})
		want = append(want, byte(i), byte(40*i), byte(250-i))
	}
	img, err := Decode(bytes.NewReader(bmpFile(t, src)))
	require.NoError(t, err)
	require.Equal(t, &Image{3, 2, want}, img)
}

func TestOnePixel(t *testing.T) {
	one := image.NewGray(image.Rect(0, 0, 1, 1))
	one.Pix[0] = 50
	for name, file := range map[string][]byte{
		"jpeg": grey(1, 1, 50).file(), "png": pngFile(t, one), "bmp": bmpFile(t, one),
	} {
		img, err := Decode(bytes.NewReader(file))
		require.NoError(t, err, name)
		require.Equal(t, &Image{1, 1, []byte{50, 50, 50}}, img, name)
	}
}

func TestRejected(t *testing.T) {
	png8 := pngFile(t, image.NewGray(image.Rect(0, 0, 40, 40)))
	ftyp := func(brand string) []byte { return []byte("\x00\x00\x00\x18ftyp" + brand + "\x00\x00\x00\x00") }
	with := func(frame, precision byte) []byte {
		s := grey(8, 8, 1)
		s.frame, s.precision = frame, precision
		return s.file()
	}
	long := grey(64, 64, 1, 200, 3, 220).file()
	cases := []struct {
		name string
		file []byte
		want string
	}{
		{"empty", nil, "empty, not a picture"},
		{"text", []byte("hello, this is no picture at all\n"), `not a picture: starts with "hello, this is n"`},
		{"one byte", []byte{0xff}, `not a picture: starts with "\xff"`},
		{"HTML", []byte("<!DOCTYPE html><html>"), `"<!DOCTYPE html><"`},
		{"video", ftyp("isom"), "not a picture"},
		{"HEIC", ftyp("heic"), "HEIC pictures are not supported: convert it first, for example with ImageMagick's `magick IN out.jpg`"},
		{"HEIC sequence", ftyp("hevc"), "HEIC pictures are not supported"},
		{"HEIF", ftyp("mif1"), "HEIF pictures are not supported"},
		{"AVIF", ftyp("avif"), "AVIF pictures are not supported"},
		{"WebP", []byte("RIFF\x10\x00\x00\x00WEBPVP8 "), "WebP pictures are not supported"},
		{"JPEG XL stream", []byte("\xff\x0a123456"), "JPEG XL pictures are not supported"},
		{"JPEG XL box", []byte("\x00\x00\x00\x0cJXL \r\n\x87\n\x00\x00"), "JPEG XL pictures are not supported"},
		{"JPEG 2000", []byte("\x00\x00\x00\x0cjP  \r\n\x87\n\x00\x00"), "JPEG 2000 pictures are not supported"},
		{"TIFF", []byte("II*\x00\x08\x00\x00\x00"), "TIFF and raw pictures"},
		{"arithmetic JPEG", with(0xc9, 8), "arithmetic-coded JPEGs are not supported: convert it first"},
		{"progressive arithmetic JPEG", with(0xca, 8), "arithmetic-coded JPEGs"},
		{"lossless JPEG", with(0xc3, 8), "lossless and hierarchical JPEGs"},
		{"12-bit JPEG", with(0xc1, 12), "12-bit JPEGs are not supported"},
		{"truncated JPEG", long[:len(long)-20], "the JPEG is truncated"},
		{"JPEG without its last data", long[:len(long)-3], "the JPEG is truncated"},
		{"JPEG of two bytes", long[:2], "the JPEG is truncated"},
		{"JPEG without a picture", []byte("\xff\xd8\xff\xd9"), "the JPEG cannot be decoded"},
		{"JPEG with a scan of noise", append(bytes.Clone(long[:len(long)-30]), bytes.Repeat([]byte{0xff, 0x00, 0xfe}, 9)...), "the JPEG c"},
		{"truncated PNG", png8[:len(png8)-14], "the PNG is truncated"},
		{"flipped PNG", append(append(bytes.Clone(png8[:20]), png8[20]^1), png8[21:]...), "the PNG cannot be decoded: png: invalid format: invalid checksum"},
		{"truncated GIF", gifFile(t)[:40], "the GIF c"},
		{"truncated BMP", bmpFile(t, image.NewGray(image.Rect(0, 0, 9, 9)))[:200], "the BMP is truncated"},
		{"compressed BMP", func() []byte { b := bmpFile(t, image.NewGray(image.Rect(0, 0, 9, 9))); b[30] = 1; return b }(), "BMP pictures of this kind are not supported"},
		{"empty BMP", bmpFile(t, image.NewGray(image.Rect(0, 0, 0, 0))), "an empty BMP of 0x0 pixels"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			img, err := Decode(bytes.NewReader(c.file))
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "\n")
			require.Nil(t, img)
		})
	}
}

// TestTruncation decodes every proper prefix of a JPEG and a PNG, except that a JPEG
// may lack its end marker.
func TestTruncation(t *testing.T) {
	jpeg := grey(40, 40, 1, 2, 250, 4).file()
	png := pngFile(t, image.NewGray(image.Rect(0, 0, 9, 9)))
	for file, needed := range map[string]int{string(jpeg): len(jpeg) - len("\xff\xd9"), string(png): len(png)} {
		for n := range needed {
			_, err := Decode(strings.NewReader(file[:n]))
			require.Error(t, err, "%d of %d bytes", n, len(file))
		}
	}
}

// TestJPEGsOfCameras decodes JPEGs that lack something or have bytes around them.
func TestJPEGsOfCameras(t *testing.T) {
	whole := grey(40, 24, 1, 2, 250, 4).file()
	want, err := Decode(bytes.NewReader(whole))
	require.NoError(t, err)
	open := whole[:len(whole)-2]
	zeros := string(make([]byte, 100))
	for name, file := range map[string]string{
		"no end marker":        string(open),
		"half an end marker":   string(whole[:len(whole)-1]),
		"zeros for an end":     string(open) + zeros,
		"zeros after the end":  string(whole) + zeros,
		"zeros before":         zeros + string(whole),
		"line ends before":     "\r\n\r\n" + string(whole),
		"a part's header":      "--frame\r\nContent-Type: image/jpeg\r\n\r\n" + string(open),
		"another JPEG after":   string(whole) + string(grey(8, 8, 7).file()),
		"more scans after":     string(whole) + strings.Repeat("\xff\xda", 2*maxScans),
		"a video after":        string(whole) + "\x00\x00\x00\x18ftypmp42",
		"open, another after":  string(open) + string(whole),
		"cut, none else":       string(whole[:len(whole)-3]),
		"cut, but another one": string(whole[:len(whole)-3]) + string(whole),
	} {
		img, err := Decode(strings.NewReader(file))
		if strings.HasPrefix(name, "cut") {
			require.ErrorContains(t, err, "the JPEG is truncated", name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, want, img, name)
	}
}

// TestMemoryIsChecked has little memory available.
func TestMemoryIsChecked(t *testing.T) {
	defer func() { availableMemory = memory.Available }()
	available := int64(0)
	availableMemory = func() (int64, bool) { return available, true }
	chroma := flat(1, 1, 90)
	progressive := jpegSpec{frame: 0xc2, precision: 8, width: 2000, height: 1600, components: []component{flat(1, 1, 60), chroma, chroma}}
	baseline := progressive
	baseline.frame, baseline.height, baseline.components = 0xc0, 4000, []component{flat(2, 2, 60), chroma, chroma}
	for _, c := range []struct {
		file []byte
		need int64 // bytes of a pixel
		name string
	}{
		{progressive.file(), 3 + 12 + 3, "progressive JPEG of 2000x1600"},
		{baseline.file(), 0, "JPEG of 2000x4000"}, // 1.5 + 3
		{pngFile(t, image.NewNRGBA64(image.Rect(0, 0, 2000, 1600))), 8 + 3, "PNG of 2000x1600"},
	} {
		available = c.need * 2000 * 1600
		if c.need == 0 {
			available = 2000 * 4000 * 9 / 2
		}
		available--
		_, err := Decode(bytes.NewReader(c.file))
		require.ErrorContains(t, err, "a "+c.name+" pixels needs ")
		require.ErrorContains(t, err, fmt.Sprintf(" MB of memory to be decoded, but only %d MB are available: scale it down first", available/1_000_000))
		available++
		_, err = Decode(bytes.NewReader(c.file))
		require.NoError(t, err)
	}
	available = 0
	small := grey(640, 480, 1)
	_, err := Decode(bytes.NewReader(small.file()))
	require.NoError(t, err)
	availableMemory = func() (int64, bool) { return 0, false }
	_, err = Decode(bytes.NewReader(progressive.file()))
	require.NoError(t, err)
}

// TestHugeHeader checks that 30000x30000 is rejected before memory is allocated.
func TestHugeHeader(t *testing.T) {
	gray := image.NewGray(image.Rect(0, 0, 1, 1))
	header := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 30000), 30000)
	hugePNG := withChunk(pngFile(t, gray), "IHDR", append(header, 8, 0, 0, 0, 0))
	hugePNG = append(hugePNG[:8], hugePNG[8+25:]...) // without the original header
	hugeBMP := bmpFile(t, gray)
	binary.LittleEndian.PutUint32(hugeBMP[18:], 30000)
	binary.LittleEndian.PutUint32(hugeBMP[22:], 30000)
	hugeGIF := gifFile(t)
	binary.LittleEndian.PutUint16(hugeGIF[6:], 30000)
	binary.LittleEndian.PutUint16(hugeGIF[8:], 30000)
	huge := grey(30000, 30000, 1)
	huge.height = 8 // the scan has one row of blocks
	hugeJPEG := huge.file()
	frame := bytes.Index(hugeJPEG, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(hugeJPEG[frame+5:], 30000)
	for name, file := range map[string][]byte{"JPEG": hugeJPEG, "PNG": hugePNG, "BMP": hugeBMP, "GIF": hugeGIF} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Decode(bytes.NewReader(file))
			runtime.ReadMemStats(&after)
			require.ErrorContains(t, err, "a "+name+" of 30000x30000 pixels exceeds the limit of 100 megapixels")
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
		})
	}
}

func TestLimits(t *testing.T) {
	file := grey(16, 8, 1).file()
	_, err := decode(bytes.NewReader(file), int64(len(file)), limits{pixels: 16 * 8})
	require.NoError(t, err)
	_, err = decode(bytes.NewReader(file), int64(len(file)), limits{pixels: 16*8 - 1})
	require.ErrorContains(t, err, "exceeds the limit")
	_, err = decode(bytes.NewReader(file), int64(len(file))-1, limits{pixels: 16 * 8})
	require.ErrorContains(t, err, "longer than the limit")
}

func TestReadErrors(t *testing.T) {
	broken := errors.New("the cable was pulled")
	file := grey(16, 8, 1).file()
	for _, n := range []int{0, 10, 100} {
		_, err := Decode(io.MultiReader(bytes.NewReader(file[:n]), iotest.ErrReader(broken)))
		require.ErrorIs(t, err, broken)
	}
	img, err := Decode(iotest.OneByteReader(bytes.NewReader(file)))
	require.NoError(t, err)
	require.Equal(t, 16, img.Width)
}

func TestDecodeFile(t *testing.T) {
	dir := t.TempDir()
	put := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o600))
		return path
	}
	img, err := DecodeFile(put("really a png.jpg", pngFile(t, image.NewGray(image.Rect(0, 0, 5, 4)))))
	require.NoError(t, err)
	require.Equal(t, 5, img.Width)

	missing := filepath.Join(dir, "missing.jpg")
	_, err = DecodeFile(missing)
	require.ErrorIs(t, err, fs.ErrNotExist)
	for path, want := range map[string]string{
		missing:                          "",
		dir:                              "a directory, not a picture",
		put("empty.jpg", nil):            "empty, not a picture",
		put("notes.jpg", []byte("milk")): `not a picture: starts with "milk"`,
	} {
		_, err := DecodeFile(path)
		require.ErrorContains(t, err, path+": "+want)
		require.NotContains(t, err.Error(), path+": open")
	}
}

func TestFormatName(t *testing.T) {
	for head, want := range map[string]string{
		"\xff\xd8\xff\xe0\x00\x10JFIF":     "JPEG",
		"\x89PNG\r\n\x1a\n\x00\x00":        "PNG",
		"RIFF\x00\x00\x00\x00WEBPVP8 ":     "WebP",
		"\x00\x00\x00\x18ftypheic\x00\x00": "HEIC",
		"RIFF":                             "",
		"Dear diary, today":                "",
		"":                                 "",
	} {
		require.Equal(t, want, FormatName([]byte(head)))
	}
}

// DecodeWithin refuses what takes more memory than it may, whatever is available.
func TestDecodeWithin(t *testing.T) {
	grey8, grey16 := image.NewGray(image.Rect(0, 0, 100, 100)), image.NewGray16(image.Rect(0, 0, 100, 100))
	for name, c := range map[string]struct {
		file          []byte
		bytesPerPixel int64 // as decoded and as RGB
	}{
		"grey":                        {pngFile(t, grey8), 1 + 3},
		"16 bits":                     {pngFile(t, grey16), 2 + 3},
		"grey, one value transparent": {withChunk(pngFile(t, grey8), "tRNS", []byte{0, 0}), 4 + 3},
		"16 bits, one transparent":    {withChunk(pngFile(t, grey16), "tRNS", []byte{0, 0}), 8 + 3},
		"16 bits a colour, opacity":   {pngFile(t, image.NewNRGBA64(image.Rect(0, 0, 100, 100))), 8 + 3},
		"JPEG of one component":       {grey(100, 100, 1).file(), 1 + 3},
	} {
		need := c.bytesPerPixel * 100 * 100
		_, err := DecodeWithin(bytes.NewReader(c.file), need)
		require.NoError(t, err, name)
		_, err = DecodeWithin(bytes.NewReader(c.file), need-1)
		require.ErrorIs(t, err, ErrMemory, name)
		require.ErrorContains(t, err, "scale it down first", name)
	}
}
