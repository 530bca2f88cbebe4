//go:build !linux && !darwin

package pihealth

import "errors"

// Space is not implemented on this system.
func Space(string) (free, total int64, err error) { return 0, 0, errors.ErrUnsupported }
