//go:build !linux && !darwin

package record

import (
	"math"
	"os"
)

// freeBytes returns no limit: the free space is not looked up on this system.
func freeBytes(*os.Root) (int64, error) { return math.MaxInt64, nil }

// lockFolder does nothing on this system.
func lockFolder(*os.Root) (*os.File, error) { return nil, nil }
