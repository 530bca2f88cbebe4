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
		told := func(after time.Duration, err error, want string) {
			t.Helper()
			time.Sleep(after)
			synctest.Wait()
			o.report(err)
			o.mu.Lock() // of the timer's writes, too
			defer o.mu.Unlock()
			require.Equal(t, want, stderr.String())
			stderr.Reset()
		}
		told(0, silent, "")
		told(300*time.Millisecond, unplugged, "")
		told(100*time.Millisecond, nil, "edge: video0: unplugged; frames came again after 0.4 s\n")
		told(5*time.Second, silent, "")
		told(2*time.Second, unplugged, "edge: video0: silent; waiting for the camera\nedge: video0: unplugged; waiting for the camera\n")
		told(time.Second, nil, "edge: the camera is sending frames again\n")
		told(time.Second, unplugged, "")
		o.flush() // the end of the run
		require.Equal(t, "edge: video0: unplugged; waiting for the camera\n", stderr.String())
		time.Sleep(5 * time.Second)
		o.flush()
		require.Equal(t, "edge: video0: unplugged; waiting for the camera\n", stderr.String())
	})
}
