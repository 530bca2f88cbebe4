package server

import (
	"testing"

	"golang.org/x/sys/unix"

	"halfmeg/cmd/edge/internal/snapshot"
)

// BenchmarkPicture copies a frame of 640x480 pixels and encodes it, which the server does
// once for each picture, whatever the number of viewers. The system calls mark the region
// that tools/armcycles counts.
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
