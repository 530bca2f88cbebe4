package server

import (
	"context"

	"halfmeg/cmd/edge/internal/server/live"
)

// nextPicture waits for a picture that the viewer has not seen, as a JPEG.
func nextPicture(ctx context.Context, v *live.Viewer) ([]byte, error) {
	s, err := v.Next(ctx)
	if err != nil {
		return nil, err
	}
	return s.JPEG(pictureSide, pictureQuality)
}
