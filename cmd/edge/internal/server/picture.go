package server

import (
	"context"

	"halfmeg/cmd/edge/internal/server/live"
)

// pictureSize is how a picture is encoded: no side is longer, in pixels.
type pictureSize struct{ side, quality int }

// The sizes. Small is what a stream has unless it asks for large: to copy and encode a
// frame of 640x480 then takes 12.7 M ± 0.2 M cycles of a Cortex-A72 and 0.025 M misses of
// its L2 cache, a quarter of the 53.4 M cycles and 0.02 M misses of an inference. Large
// takes 43.2 M ± 0.6 M. All viewers of a size share one encoding. To measure it again:
//
//	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 go test -c -o build/server.test ./cmd/edge/internal/server
//	GOMAXPROCS=1 go run ./tools/armcycles -core cortex-a72 -per 4 -- build/server.test \
//		-test.run ^$ -test.bench Picture/small -test.benchtime 3x
//
// (-per 4, because a benchmark runs once more.)
var (
	small = pictureSize{side: 320, quality: 70}
	large = pictureSize{side: 640, quality: 60}
)

// nextPicture waits for a picture that the viewer has not seen, as a JPEG.
func nextPicture(ctx context.Context, v *live.Viewer, size pictureSize) ([]byte, error) {
	s, err := v.Next(ctx)
	if err != nil {
		return nil, err
	}
	return s.JPEG(size.side, size.quality)
}
