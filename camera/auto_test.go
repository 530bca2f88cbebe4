package camera

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// fakeBus is where cameras are plugged in.
type fakeBus struct {
	opener   Opener
	plugged  []SourceInfo
	rejected error
}

var (
	usbCamera = SourceInfo{Name: "/dev/video0", Driver: "uvcvideo", Card: "HD Cam"}
	elsewhere = SourceInfo{Name: "/dev/video2", Driver: "uvcvideo", Card: "HD Cam"} // the same, plugged in again
	another   = SourceInfo{Name: "/dev/video1", Driver: "uvcvideo", Card: "Other Cam"}
	piCamera  = SourceInfo{Name: RPiCam, Driver: "/usr/bin/rpicam-vid", Card: "Raspberry Pi camera module"}
)

// opens returns the name of the camera that the opener opens.
func (d *fakeBus) opens(t *testing.T) (string, error) {
	t.Helper()
	var name string
	_, err := d.opener.choose(t.Context(), slices.Clone(d.plugged), func(f SourceInfo) (Source, error) {
		name = f.Name
		return &testCardSource{}, d.rejected
	})
	if err != nil {
		return "", err
	}
	return name, nil
}

func (d *fakeBus) requireOpens(t *testing.T, want SourceInfo) {
	t.Helper()
	name, err := d.opens(t)
	require.NoError(t, err)
	require.Equal(t, want.Name, name)
}

func TestAutoWaitsForLostCamera(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := fakeBus{plugged: []SourceInfo{usbCamera, another, piCamera}}
		d.requireOpens(t, usbCamera)
		time.Sleep(time.Minute)

		d.plugged = []SourceInfo{another, piCamera}
		_, err := d.opens(t)
		require.EqualError(t, err, "/dev/video0 (uvcvideo) is gone; after 5s without it another camera is used")
		require.NotErrorIs(t, err, ErrPermanent)
		time.Sleep(failoverDelay - 1)
		d.plugged = []SourceInfo{another, elsewhere, piCamera}
		d.requireOpens(t, elsewhere)

		time.Sleep(time.Minute)
		d.plugged = []SourceInfo{another, piCamera}
		_, err = d.opens(t)
		require.Error(t, err)
		time.Sleep(failoverDelay)
		d.requireOpens(t, another)
	})
}

// A camera that keeps failing does not block the others.
func TestAutoDoesNotWaitForCameraThatFailedSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := fakeBus{plugged: []SourceInfo{usbCamera, piCamera}}
		d.requireOpens(t, usbCamera)
		time.Sleep(failoverDelay - 1)
		d.plugged = []SourceInfo{piCamera}
		d.requireOpens(t, piCamera)
	})
}

func TestAutoTriesAllBeforeAnyWorked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := fakeBus{plugged: []SourceInfo{usbCamera}, rejected: errors.New("in use")}
		_, err := d.opens(t)
		require.EqualError(t, err, "no camera is available: in use")
		d.rejected, d.plugged = nil, []SourceInfo{another}
		d.requireOpens(t, another)
	})
}

func TestOpenerOfNamedCamera(t *testing.T) {
	p := NewOpener(TestCard, Options{})
	for range 2 {
		s, err := p.Open(t.Context())
		require.NoError(t, err)
		require.NoError(t, s.Close())
	}
	_, err := NewOpener(Auto, Options{Rate: -1}).Open(t.Context())
	require.ErrorIs(t, err, ErrPermanent)
}
