package web

import (
	"errors"
	"fmt"
	"time"

	"halfmeg/camera/internal/deviceerr"
)

// ErrAddress means that an address is not a valid http or https URL.
var ErrAddress = errors.New("not the address of a stream: expected one like http://camera.local/stream; in a name or password, write / as %2F and @ as %40")

// ErrVideo means that a server sends compressed video other than MJPEG.
var ErrVideo = errors.New("video of a kind other than MJPEG")

// permanent marks an error that the same request will have again. It keeps the
// error's text.
type permanent struct{ error }

func (p permanent) Unwrap() error        { return p.error }
func (p permanent) Is(target error) bool { return target == deviceerr.ErrPermanent }

// noFrame is the error of a server that sends no frames.
type noFrame struct{ timeout time.Duration }

func (n noFrame) Error() string {
	return fmt.Sprintf("no frame arrived within %v: the camera or the network hangs", n.timeout)
}

func (n noFrame) Is(target error) bool { return target == deviceerr.ErrNoFrame }
