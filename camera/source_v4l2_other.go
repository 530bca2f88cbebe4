//go:build !(linux && (amd64 || arm64))

package camera

import (
	"fmt"
	"runtime"
)

// videoUnsupported is why this system has no video devices.
func videoUnsupported() error {
	return permanent{noCamera{fmt.Errorf("video devices need Video4Linux, which is not supported on %s/%s", runtime.GOOS, runtime.GOARCH)}}
}

func openVideo(string, Options) (Source, error) { return nil, videoUnsupported() }

func listVideo() []Found { return nil }
