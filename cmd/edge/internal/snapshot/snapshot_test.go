package snapshot

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera"
	"halfmeg/camera/mjpeg"
	"halfmeg/camera/pixel"
)

// yCbCr converts a colour with a matrix and a range.
func yCbCr(c color.RGBA, f pixel.Format) (y, cb, cr byte) {
	red, blue := red601, blue601
	if f.Matrix == pixel.BT709 {
		red, blue = red709, blue709
	}
	r, g, b := float64(c.R), float64(c.G), float64(c.B)
	luma := red*r + (1-red-blue)*g + blue*b
	u, v := (b-luma)/(2*(1-blue)), (r-luma)/(2*(1-red))
	if f.Range == pixel.Limited {
		return clamp(16 + luma*219/255), clamp(128 + u*224/255), clamp(128 + v*224/255)
	}
	return clamp(luma), clamp(128 + u), clamp(128 + v)
}

// quadrants returns a frame with one colour per quadrant: red, green, blue and grey, row by
// row. Strides have padding.
func quadrants(f pixel.Format) *camera.Frame {
	f.Stride = f.MinStride() + 6
	frame := &camera.Frame{Format: f, Data: make([]byte, f.Size()), Time: time.Unix(1, 0)}
	planes := f.Planes()
	put := func(plane, row, at int, v byte) {
		if at < planes[plane].RowBytes {
			frame.Data[planes[plane].Offset+row*planes[plane].Stride+at] = v
		}
	}
	for y := range f.Height {
		for x := range f.Width {
			c := quadrantColours[2*(2*y/f.Height)+2*x/f.Width]
			luma, cb, cr := yCbCr(c, f)
			if f.FourCC.CrFirst() {
				cb, cr = cr, cb
			}
			switch f.FourCC {
			case pixel.RGB24:
				put(0, y, 3*x, c.R)
				put(0, y, 3*x+1, c.G)
				put(0, y, 3*x+2, c.B)
			case pixel.BGR24:
				put(0, y, 3*x, c.B)
				put(0, y, 3*x+1, c.G)
				put(0, y, 3*x+2, c.R)
			case pixel.GREY:
				put(0, y, x, luma)
			case pixel.YUYV, pixel.YVYU:
				put(0, y, 2*x, luma)
				put(0, y, x/2*4+1, cb)
				put(0, y, x/2*4+3, cr)
			case pixel.UYVY:
				put(0, y, 2*x+1, luma)
				put(0, y, x/2*4, cb)
				put(0, y, x/2*4+2, cr)
			case pixel.NV12, pixel.NV21:
				put(0, y, x, luma)
				put(1, y/2, x/2*2, cb)
				put(1, y/2, x/2*2+1, cr)
			case pixel.YU12, pixel.YV12:
				put(0, y, x, luma)
				put(1, y/2, x/2, cb)
				put(2, y/2, x/2, cr)
			case pixel.YUV422P:
				put(0, y, x, luma)
				put(1, y, x/2, cb)
				put(2, y, x/2, cr)
			case pixel.YUV444P:
				put(0, y, x, luma)
				put(1, y, x, cb)
				put(2, y, x, cr)
			}
		}
	}
	return frame
}

var quadrantColours = [4]color.RGBA{{200, 40, 30, 255}, {20, 180, 60, 255}, {40, 60, 210, 255}, {120, 120, 120, 255}}

func decode(t *testing.T, s *Snapshot, maxSide int) image.Image {
	t.Helper()
	data, err := s.JPEG(maxSide, 95)
	require.NoError(t, err)
	img, err := jpeg.Decode(bytes.NewReader(data))
	require.NoError(t, err)
	return img
}

// requireColour checks the colour at the centre of a quadrant.
func requireColour(t *testing.T, want color.RGBA, img image.Image, quadrant int) {
	t.Helper()
	b := img.Bounds()
	r, g, blue, _ := img.At(b.Dx()*(1+quadrant%2*2)/4, b.Dy()*(1+quadrant/2*2)/4).RGBA()
	require.InDelta(t, want.R, r>>8, 5)
	require.InDelta(t, want.G, g>>8, 5)
	require.InDelta(t, want.B, blue>>8, 5)
}

func TestFormats(t *testing.T) {
	for _, code := range []pixel.FourCC{
		pixel.YUYV, pixel.UYVY, pixel.NV12, pixel.NV21, pixel.YVYU, pixel.YU12, pixel.YV12, pixel.YUV422P, pixel.YUV444P, pixel.RGB24, pixel.BGR24, pixel.GREY,
	} {
		for _, f := range []pixel.Format{
			{Matrix: pixel.BT601, Range: pixel.Full}, {Matrix: pixel.BT709, Range: pixel.Limited},
		} {
			f.FourCC, f.Width, f.Height = code, 96, 64
			for _, maxSide := range []int{0, 48, 32} {
				t.Run(fmt.Sprint(code, f.Matrix, f.Range, maxSide), func(t *testing.T) {
					frame := quadrants(f)
					img := frame.Pixels()
					got := decode(t, New(frame, &img), maxSide)
					factor := 96 / max(maxSide, 32)
					if maxSide == 0 {
						factor = 1
					}
					require.Equal(t, image.Rect(0, 0, 96/factor, 64/factor), got.Bounds())
					for i, want := range quadrantColours {
						if code == pixel.GREY {
							luma, _, _ := yCbCr(want, pixel.Format{Matrix: f.Matrix})
							want = color.RGBA{luma, luma, luma, 255}
						}
						requireColour(t, want, got, i)
					}
				})
			}
		}
	}
}

// A snapshot is upright. Quadrants 0 1 / 2 3 turn clockwise to 2 0 / 3 1.
func TestOrientation(t *testing.T) {
	for _, code := range []pixel.FourCC{pixel.YUYV, pixel.RGB24, pixel.GREY} {
		frame := quadrants(pixel.Format{FourCC: code, Width: 96, Height: 64})
		for _, c := range []struct {
			rotate int
			mirror bool
			want   [4]int
		}{
			{90, false, [4]int{2, 0, 3, 1}}, {180, false, [4]int{3, 2, 1, 0}}, {270, false, [4]int{1, 3, 0, 2}},
			{0, true, [4]int{1, 0, 3, 2}}, {90, true, [4]int{0, 2, 1, 3}},
		} {
			img := frame.Pixels()
			img.Rotate, img.Mirror = c.rotate, c.mirror
			got := decode(t, New(frame, &img), 48)
			require.Equal(t, c.rotate%180 != 0, got.Bounds().Dy() > got.Bounds().Dx())
			for i, from := range c.want {
				want := quadrantColours[from]
				if code == pixel.GREY {
					luma, _, _ := yCbCr(want, pixel.Format{})
					want = color.RGBA{luma, luma, luma, 255}
				}
				requireColour(t, want, got, i)
			}
		}
	}
}

// A snapshot of a cropped frame does not use the camera's JPEG of the whole frame.
func TestCrop(t *testing.T) {
	frame := quadrants(pixel.Format{FourCC: pixel.RGB24, Width: 96, Height: 64})
	frame.JPEG = []byte("the whole")
	img := frame.Pixels()
	part, err := img.Crop(pixel.Region{X: 50, Y: 0, Width: 50, Height: 50, Percent: true})
	require.NoError(t, err)
	got := decode(t, New(frame, &part), 0)
	require.Equal(t, image.Rect(0, 0, 48, 32), got.Bounds())
	requireColour(t, quadrantColours[1], got, 0)
}

// Sides that are not a multiple of the factor are cut. Odd sides of 4:2:0 work.
func TestOddSides(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {3, 5}, {33, 17}, {1, 40}} {
		for _, code := range []pixel.FourCC{pixel.YUYV, pixel.NV12, pixel.YU12, pixel.YUV422P, pixel.YUV444P, pixel.RGB24, pixel.GREY} {
			for _, maxSide := range []int{0, 1, 2, 7, 16} {
				frame := quadrants(pixel.Format{FourCC: code, Width: size[0], Height: size[1]})
				img := frame.Pixels()
				got := decode(t, New(frame, &img), maxSide).Bounds()
				if maxSide > 0 {
					require.LessOrEqual(t, max(got.Dx(), got.Dy()), maxSide)
				}
			}
		}
	}
}

// The frame's memory may be reused after New.
func TestNewCopies(t *testing.T) {
	frame := quadrants(pixel.Format{FourCC: pixel.YUYV, Width: 96, Height: 64})
	img := frame.Pixels()
	s := New(frame, &img)
	clear(frame.Data)
	requireColour(t, quadrantColours[0], decode(t, s, 0), 0)
}

// A camera's JPEG is returned unchanged, whatever size is requested.
func TestCamerasOwnJPEG(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 96, 64)), nil))
	frame := quadrants(pixel.Format{FourCC: pixel.RGB24, Width: 96, Height: 64})
	frame.JPEG = bytes.Clone(b.Bytes())
	img := frame.Pixels()
	s := New(frame, &img)
	clear(frame.JPEG)
	got, err := s.JPEG(10, 50)
	require.NoError(t, err)
	require.Equal(t, b.Bytes(), got)

	img.Mirror = true
	require.Nil(t, New(frame, &img).original)
}

func TestEncodedOnce(t *testing.T) {
	frame := quadrants(pixel.Format{FourCC: pixel.YUYV, Width: 96, Height: 64})
	img := frame.Pixels()
	s := New(frame, &img)
	first, err := s.JPEG(48, 80)
	require.NoError(t, err)
	second, err := s.JPEG(48, 80)
	require.NoError(t, err)
	require.Same(t, &first[0], &second[0])
	other, err := s.JPEG(48, 20)
	require.NoError(t, err)
	require.Less(t, len(other), len(first))
}

func BenchmarkJPEG(b *testing.B) {
	for _, c := range []struct {
		code             pixel.FourCC
		maxSide, quality int
	}{{pixel.YUYV, 320, 70}, {pixel.YUYV, 640, 70}, {pixel.RGB24, 320, 70}, {pixel.RGB24, 640, 70}} {
		b.Run(fmt.Sprintf("%v/%d", c.code, c.maxSide), func(b *testing.B) {
			frame := quadrants(pixel.Format{FourCC: c.code, Width: 640, Height: 480})
			img := frame.Pixels()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := New(frame, &img).JPEG(c.maxSide, c.quality); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Size counts every plane once, without padding.
func TestSize(t *testing.T) {
	for code, want := range map[pixel.FourCC]int{pixel.YUYV: 96 * 64 * 2, pixel.NV12: 96 * 64 * 3 / 2, pixel.YU12: 96 * 64 * 3 / 2, pixel.RGB24: 96 * 64 * 3} {
		frame := quadrants(pixel.Format{FourCC: code, Width: 96, Height: 64})
		img := frame.Pixels()
		require.Equal(t, want, New(frame, &img).Size(), code.String())
		frame.JPEG = []byte("\xff\xd8abc\xff\xd9")
		require.Equal(t, 7, New(frame, &img).Size())
	}
}

// The specialised loops compute the same as the definition: the mean of columns*rows
// samples, where the last sample of a row or column is repeated beyond the edge.
func TestAverage(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 500 {
		s := samples{step: 1 + random.IntN(4), width: 1 + random.IntN(20), height: 1 + random.IntN(9)}
		columns, rows := 1+random.IntN(5), 1+random.IntN(5)
		width, height := (s.width+columns-1)/columns, (s.height+rows-1)/rows
		s.plane = pixel.Plane{Stride: s.width * s.step, Data: make([]byte, s.width*s.step*s.height)}
		for i := range s.plane.Data {
			s.plane.Data[i] = byte(random.Uint32())
		}
		got := make([]byte, width*height)
		average(got, width, height, s, columns, rows)
		for i, v := range got {
			sum := 0
			for j := range columns * rows {
				x, y := min(i%width*columns+j%columns, s.width-1), min(i/width*rows+j/columns, s.height-1)
				sum += int(s.plane.Data[y*s.plane.Stride+x*s.step])
			}
			require.EqualValues(t, (sum+columns*rows/2)/(columns*rows), v, "%+v %d %d", s, columns, rows)
		}
	}
}

// What is sent away is bounded, also if the camera sends large JPEGs.
func TestBounded(t *testing.T) {
	frame := quadrants(pixel.Format{FourCC: pixel.RGB24, Width: 96, Height: 64})
	img := frame.Pixels()
	own, err := New(frame, &img).JPEG(0, 100)
	require.NoError(t, err)
	frame.JPEG = own
	s := New(frame, &img)
	got, err := s.Bounded(48, 90, len(own))
	require.NoError(t, err)
	require.Equal(t, own, got)

	got, err = s.Bounded(48, 90, len(own)-1)
	require.NoError(t, err)
	small, err := jpeg.Decode(bytes.NewReader(got))
	require.NoError(t, err)
	require.Equal(t, image.Rect(0, 0, 48, 32), small.Bounds())
	for i, want := range quadrantColours {
		requireColour(t, want, small, i)
	}

	frame.JPEG = []byte("\xff\xd8 broken and long")
	_, err = New(frame, &img).Bounded(48, 90, 4)
	require.Error(t, err)
}

// A frame without the end marker that is followed by a stale JPEG in the driver's buffer
// becomes a file of its picture alone, which can be scaled down.
func TestStaleBytes(t *testing.T) {
	frame := quadrants(pixel.Format{FourCC: pixel.RGB24, Width: 96, Height: 64})
	img := frame.Pixels()
	file, err := New(frame, &img).JPEG(0, 100)
	require.NoError(t, err)
	var decoder mjpeg.Decoder
	decoded, err := decoder.Decode(append(bytes.Clone(file[:len(file)-2]), file...))
	require.NoError(t, err)
	frame = &camera.Frame{Format: decoded.Format, Data: decoded.Data, JPEG: decoded.JPEG}
	img = frame.Pixels()
	s := New(frame, &img)
	got, err := s.JPEG(0, 100)
	require.NoError(t, err)
	require.Equal(t, file, got)
	got, err = s.Bounded(48, 90, len(file)-1)
	require.NoError(t, err)
	small, err := jpeg.Decode(bytes.NewReader(got))
	require.NoError(t, err)
	for i, want := range quadrantColours {
		requireColour(t, want, small, i)
	}
}
