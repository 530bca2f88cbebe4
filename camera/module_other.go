//go:build !unix

package camera

import (
	"context"
	"fmt"
	"runtime"
)

func openModule(context.Context, Options) (Source, error) {
	return nil, invalid{fmt.Errorf("%s: camera modules are those of a Raspberry Pi, not of %s; take --camera %s",
		RPiCam, runtime.GOOS, TestCard)}
}

func findModules(Options) []Found { return nil }

func listModules() []Found { return nil }
