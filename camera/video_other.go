//go:build !(linux && (amd64 || arm64))

package camera

import (
	"fmt"
	"runtime"
)

// noVideo is why this system can have no video devices.
func noVideo() error {
	return invalid{fmt.Errorf("video devices are read through Video4Linux, which is not there on %s/%s; take --camera %s",
		runtime.GOOS, runtime.GOARCH, TestCard)}
}

func openVideo(string, Options) (Source, error) { return nil, noVideo() }

func listVideo() []Found { return nil }
