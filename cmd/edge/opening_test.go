package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera"
	"halfmeg/cmd/edge/internal/flags"
)

func TestSlowToOpen(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.jpg")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for name, slow := range map[string]bool{
		"auto": true, "rpicam": true, "video0": true, "/dev/video0": true, "rtsp://door/stream": true, os.DevNull: true,
		"testcard": false, "-": false, file: false, t.TempDir(): false,
	} {
		require.Equal(t, slow, slowToOpen(name), name)
	}
}

// A run that ends before the first frame closes the camera, or ends the wait for it.
func TestOpenAheadIsAbandoned(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") // a camera that never answers
	require.NoError(t, err)
	defer listener.Close()
	r, _ := newRunCommand(nil)
	r.camera.Options.Patience = time.Hour
	c := &cameraRun{NamedCamera: flags.NamedCamera{Address: "http://" + listener.Addr().String()}, outages: outages{stderr: &bytes.Buffer{}}}
	abandon := r.openAhead(t.Context(), []*cameraRun{c})
	conn, err := listener.Accept() // it is being opened
	require.NoError(t, err)
	defer conn.Close()
	abandon()
	_, err = c.opening.wait()
	require.ErrorIs(t, err, context.Canceled)

	closed := make(chan struct{})
	c.opening = startOpening(func() (camera.Source, error) { return closer{closed: closed}, nil })
	source, err := r.opened(t.Context(), c)
	require.NoError(t, err)
	abandon()
	select {
	case <-closed:
		t.Fatal("the caller of opened closes the camera")
	default:
	}
	c.opening = startOpening(func() (camera.Source, error) { return source, nil })
	abandon()
	<-closed
}

type closer struct {
	camera.Source
	closed chan struct{}
}

func (c closer) Close() error {
	close(c.closed)
	return nil
}

// What was reported before the outputs exist reaches them afterwards.
func TestOutagesBeforeNotify(t *testing.T) {
	failed := errors.New("video0: unplugged")
	for _, reports := range [][]error{nil, {failed}, {failed, nil}} {
		o := outages{stderr: &bytes.Buffer{}}
		for _, err := range reports {
			o.report(err)
		}
		var got []error
		o.notify(func(err error) { got = append(got, err) })
		if len(reports) > 0 {
			require.Equal(t, reports[len(reports)-1:], got)
			got = nil
		}
		require.Empty(t, got)
		o.report(failed)
		require.Equal(t, []error{failed}, got)
	}
}
