//go:build !(linux && (amd64 || arm64))

package camera

import (
	"fmt"
	"runtime"
)

// videoUnsupported is why this system has no video devices.
func videoUnsupported() error {
	if runtime.GOOS == "linux" {
		return permanent{noCamera{fmt.Errorf("video devices are supported on amd64 and arm64 only, not in this build for %s: "+
			"a Raspberry Pi needs the 64-bit Raspberry Pi OS and the build for arm64", runtime.GOARCH)}}
	}
	return permanent{noCamera{fmt.Errorf("video devices need Video4Linux, which is not supported on %s/%s", runtime.GOOS, runtime.GOARCH)}}
}

func openVideo(string, Options) (Source, error) { return nil, videoUnsupported() }

func listVideo() []SourceInfo { return nil }
