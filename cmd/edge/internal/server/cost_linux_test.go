package server

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"halfmeg/camera"
	"halfmeg/camera/pixel"
	"halfmeg/camera/testcard"
	"halfmeg/cmd/edge/internal/snapshot"
)

// yuyv is a scene of the test card in the format of most webcams.
func yuyv(tb testing.TB) *camera.Frame {
	tb.Helper()
	var card testcard.Card
	rgb := make([]byte, 3*testcard.Width*testcard.Height)
	if err := card.Draw(rgb, testcard.SceneTime/2); err != nil {
		tb.Fatal(err)
	}
	f := pixel.Format{FourCC: pixel.YUYV, Width: testcard.Width, Height: testcard.Height, Stride: 2 * testcard.Width}
	frame := &camera.Frame{Format: f, Data: make([]byte, f.Size()), Time: time.Now()}
	for i := 0; i < testcard.Width*testcard.Height; i += 2 {
		r, g, b := int(rgb[3*i]), int(rgb[3*i+1]), int(rgb[3*i+2])
		r2, g2, b2 := int(rgb[3*i+3]), int(rgb[3*i+4]), int(rgb[3*i+5])
		frame.Data[2*i] = byte((299*r + 587*g + 114*b) / 1000)
		frame.Data[2*i+2] = byte((299*r2 + 587*g2 + 114*b2) / 1000)
		frame.Data[2*i+1] = byte(128 + (-169*r-331*g+500*b)/1000)
		frame.Data[2*i+3] = byte(128 + (500*r-419*g-81*b)/1000)
	}
	return frame
}

// BenchmarkPicture copies a frame of 640x480 pixels and encodes it, as any number of
// viewers make edge do for each picture. The system calls mark the region that
// tools/armcycles counts.
func BenchmarkPicture(b *testing.B) {
	frame := yuyv(b)
	for name, size := range map[string]pictureSize{"small": small, "large": large} {
		b.Run(name, func(b *testing.B) {
			_, _ = unix.Getpgid(0x5EED0001) // fails: there is no such process
			bytes := 0
			for range b.N {
				img := frame.Pixels()
				data, err := snapshot.New(frame, &img).JPEG(size.side, size.quality)
				if err != nil {
					b.Fatal(err)
				}
				bytes = len(data)
			}
			_, _ = unix.Getpgid(0x5EED0000)
			b.ReportMetric(float64(bytes), "bytes")
		})
	}
}
