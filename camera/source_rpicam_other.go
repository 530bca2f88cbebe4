//go:build !unix

package camera

import (
	"context"
	"fmt"
	"runtime"
)

func openModule(context.Context, Options) (Source, error) {
	return nil, permanent{noCamera{fmt.Errorf("%s: camera modules need a Raspberry Pi, not %s", RPiCam, runtime.GOOS)}}
}

func findModules(Options) []SourceInfo { return nil }

func listModules() []SourceInfo { return nil }
