//go:build !unix

package camera

import (
	"context"
	"fmt"
	"runtime"

	"halfmeg/camera/ffmpeg"
)

func openFFmpeg(_ context.Context, address string, _ Options) (Source, error) {
	return nil, permanent{fmt.Errorf("%s: compressed video is not supported on %s", ffmpeg.Name(address), runtime.GOOS)}
}

func openVideoFile(_ string, _ Options, unrecognized error) (Source, error) { return nil, unrecognized }
