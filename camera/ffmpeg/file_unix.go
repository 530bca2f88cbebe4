//go:build unix

package ffmpeg

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"halfmeg/camera/internal/program"
	"halfmeg/camera/pixel"
	"halfmeg/camera/y4m"
)

// File reads a video file through ffmpeg, which waits until each frame is read.
type File struct {
	process *program.Process
	pipe    *os.File
	reader  *y4m.Reader
	format  pixel.Format
}

// OpenFile starts ffmpeg, which is at path, and waits for the header of a file's
// frames. Of the configuration it uses only the size. Errors do not contain the file's
// name.
func OpenFile(path, name string, c Config) (*File, error) {
	command := exec.Command(path, "-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info",
		"-protocol_whitelist", "file", "-i", "file:"+name,
		"-map", "0:v:0", "-vf", c.filters(), "-fps_mode", "passthrough", "-f", "yuv4mpegpipe", "pipe:1")
	log := newLog(nil, func(line string) string { return strings.ReplaceAll(line, "file:"+name+": ", "") })
	p, pipe, err := start(command, "", log.Log)
	if err != nil {
		return nil, err
	}
	f := &File{process: p, pipe: pipe}
	if f.reader, f.format, err = readHeader(pipe, p, log, time.Second); err != nil {
		return nil, errors.Join(f.explain(err), f.Close())
	}
	return f, nil
}

// Format returns the format of the frames.
func (f *File) Format() pixel.Format { return f.format }

// Read returns the next frame. It reuses buf if that is large enough. After the last
// frame it returns io.EOF.
func (f *File) Read(buf []byte) ([]byte, error) {
	frame, err := f.reader.Read(buf)
	switch {
	case errors.Is(err, io.EOF) && f.process.Succeeded():
		return nil, io.EOF
	case err != nil:
		return nil, f.explain(err)
	}
	return frame, nil
}

// explain returns an error with the reason why no more frames arrive.
func (f *File) explain(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return f.process.Failure("it has no picture", "")
	}
	return err
}

// Close terminates ffmpeg.
func (f *File) Close() error { return errors.Join(f.process.Stop(), f.pipe.Close()) }
