package main

import (
	"bytes"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

func TestOutages(t *testing.T) {
	unplugged, silent := errors.New("video0: unplugged"), errors.New("video0: silent")
	synctest.Test(t, func(t *testing.T) {
		var stderr bytes.Buffer
		o := outages{stderr: &stderr}
		requireWritten := func(after time.Duration, err error, want string) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			o.report(err)
			o.mu.Lock() // of the timer's writes, too
			defer o.mu.Unlock()
			require.Equal(t, want, stderr.String())
			stderr.Reset()
		}
		requireWritten(0, silent, "")
		requireWritten(300*time.Millisecond, unplugged, "")
		requireWritten(100*time.Millisecond, nil, "edge: video0: unplugged; recovered after 0.4 s\n")
		requireWritten(5*time.Second, silent, "")
		requireWritten(2*time.Second, unplugged, "edge: video0: silent; waiting for the camera\nedge: video0: unplugged; waiting for the camera\n")
		requireWritten(time.Second, nil, "edge: the camera is sending frames\n")
		requireWritten(time.Second, unplugged, "")
		o.flush() // the end of the run
		require.Equal(t, "edge: video0: unplugged; waiting for the camera\n", stderr.String())
		time.Sleep(5 * time.Second)
		o.flush()
		require.Equal(t, "edge: video0: unplugged; waiting for the camera\n", stderr.String())
	})
}
