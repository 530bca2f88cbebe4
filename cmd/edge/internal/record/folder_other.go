//go:build !linux && !darwin

package record

import (
	"math"
	"os"
)

// freeBytes is not implemented on this system: it returns no limit.
func freeBytes(*os.Root) (int64, error) { return math.MaxInt64, nil }

// lockFolder is not implemented on this system.
func lockFolder(*os.Root) (*os.File, error) { return nil, nil }
