//go:build unix

package rpicam

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"halfmeg/camera/internal/newest"
)

// The environment of a stand-in for rpicam-vid, which is the test program
// itself under that name.
const (
	actVariable   = "HALFMEG_RPICAM_ACT"   // what it does
	aliveVariable = "HALFMEG_RPICAM_ALIVE" // a named pipe that it holds open as long as it lives
)

// acts are all that the stand-in can do.
var acts = map[string]func(size int){
	"good": func(size int) {
		notice("#0 (0.00 fps) exp 33000.00 ag 1.00 dg 1.00")
		frames(os.Stdout, size, 0)
	},
	"slow": func(size int) { frames(trickle{os.Stdout}, size, 0) },
	"hang": func(size int) {
		frames(os.Stdout, size, 3)
		hang()
	},
	"silent": func(int) { hang() },
	"stubborn": func(size int) {
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT)
		frames(os.Stdout, size, 1)
		hang()
	},
	"none":   func(int) { fail("ERROR: *** no cameras available ***") },
	"busy":   func(int) { fail("ERROR: *** failed to acquire camera /base/imx708@1a ***") },
	"option": func(int) { fail("ERROR: *** unrecognised option '--flush' ***") },
	"short": func(size int) {
		frames(os.Stdout, size, 2)
		_, err := os.Stdout.Write(make([]byte, size/2))
		must(err)
		fail("ERROR: *** failed to dequeue ***")
	},
	"quit": func(size int) { frames(os.Stdout, size, 2) },
	"deaf": func(size int) {
		frames(os.Stdout, size, 1)
		must(os.Stdout.Close())
		hang()
	},
	"resized": func(size int) { frames(os.Stdout, size, 0) },
	"unsized": func(size int) { frames(os.Stdout, size, 0) },
	// Its log comes by another pipe than its frames, and may come after them.
	"late": func(size int) {
		time.AfterFunc(50*time.Millisecond, configure)
		frames(os.Stdout, size, 0)
	},
	// What it has started outlives it.
	"parent": func(size int) {
		must(os.Setenv(actVariable, "stubborn"))
		child := exec.Command(os.Args[0], os.Args[1:]...)
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		must(child.Start())
		hang()
	},
	// A program that uses this package, and is killed.
	"owner": func(int) {
		must(os.Setenv(actVariable, "stubborn"))
		_, err := Open(context.Background(), os.Args[0], Wishes{})
		must(err)
		fmt.Println("there is a frame")
		hang()
	},
}

// hang does nothing for longer than any test. To select from nothing would be
// a deadlock that Go ends, where no other goroutine is left.
func hang() { time.Sleep(time.Hour) }

func TestMain(m *testing.M) {
	act := os.Getenv(actVariable)
	if act == "" {
		os.Exit(m.Run())
	}
	if alive := os.Getenv(aliveVariable); alive != "" && act != "owner" && act != "parent" {
		_, err := syscall.Open(alive, syscall.O_WRONLY, 0) // a File would be closed when it is garbage
		must(err)
	}
	switch {
	case slices.Contains(os.Args, "--version"):
		fmt.Print("rpicam-apps build: v1.7.0\nlibcamera build: v0.5.0\n")
	case !slices.Contains(os.Args, "--list-cameras"):
		info("Camera camera_manager.cpp:326 libcamera v0.5.0+59-d83ff0a4")
		switch act {
		case "resized":
			streaming(1296, 972)
		case "late", "unsized", "owner", "none", "busy", "option":
		default:
			configure()
		}
		acts[act](frameSize())
	case act == "none":
		fmt.Println("No cameras available!")
	case act == "silent":
		hang()
	default:
		fmt.Print(someCameras)
	}
	os.Exit(0)
}

const someCameras = `Available cameras
-----------------
0 : imx708_wide [4608x2592 10-bit RGGB] (/base/axi/pcie@120000/rp1/i2c@88000/imx708@1a)
    Modes: 'SRGGB10_CSI2P' : 1536x864 [120.13 fps - (768, 432)/3072x1728 crop]
                             2304x1296 [56.03 fps - (0, 0)/4608x2592 crop]

1 : ov5647 [2592x1944] (/base/soc/i2c0mux/i2c@1/ov5647@36)
    Modes: 'SGBRG10_CSI2P' : 640x480 [58.92 fps - (16, 0)/2560x1920 crop]
`

// asked is the number that the command line has for an option, 0 without it.
func asked(option string) int {
	i := slices.Index(os.Args, option)
	if i < 0 || i+1 >= len(os.Args) {
		return 0
	}
	n, _ := strconv.Atoi(os.Args[i+1])
	return n
}

// frameSize is the number of bytes of a frame that the command line asks for.
func frameSize() int { return asked("--width") * asked("--height") * 3 / 2 }

// configure tells that the camera has the size that was asked for.
func configure() { streaming(asked("--width"), asked("--height")) }

// streaming logs as libcamera and the program do before the first frame.
func streaming(width, height int) {
	notice("Mode selection for 640:480:12:P")
	notice("    SGBRG10_CSI2P,1296x972/0 - Score: 1150")
	info(fmt.Sprintf("Camera camera.cpp:1215 configuring streams: (0) %dx%d-YUV420/sYCC (1) 1296x972-SGBRG10_CSI2P/RAW", width, height))
}

// frames writes n frames, or if n is 0 as many as are taken, each with its
// number at its beginning and its end.
func frames(w io.Writer, size, n int) {
	frame := make([]byte, size)
	for i := 0; n == 0 || i < n; i++ {
		number(frame, i)
		if _, err := w.Write(frame); err != nil {
			fail("ERROR: *** failed to write output bytes ***")
		}
	}
}

func number(frame []byte, n int) {
	binary.LittleEndian.PutUint32(frame, uint32(n))
	binary.LittleEndian.PutUint32(frame[len(frame)-4:], uint32(n))
}

// shown are the numbers of a frame.
func shown(f newest.Frame) [2]uint64 {
	return [2]uint64{
		uint64(binary.LittleEndian.Uint32(f.Data)),
		uint64(binary.LittleEndian.Uint32(f.Data[len(f.Data)-4:])),
	}
}

// trickle writes in pieces.
type trickle struct{ io.Writer }

func (t trickle) Write(data []byte) (int, error) {
	for piece := range slices.Chunk(data, 60_000) {
		if _, err := t.Writer.Write(piece); err != nil {
			return 0, err
		}
		time.Sleep(time.Millisecond)
	}
	return len(data), nil
}

// info is a line of libcamera's log, of which the program lets none through at
// a verbosity of 0.
func info(text string) {
	if asked("--verbose") > 0 {
		fmt.Fprintf(os.Stderr, "[0:12:34.567890123] [%d]  INFO %s\n", os.Getpid(), text)
	}
}

// notice is a line of the program's own.
func notice(text string) {
	if asked("--verbose") > 0 {
		fmt.Fprintln(os.Stderr, text)
	}
}

func must(err error) {
	if err != nil {
		fail(err.Error())
	}
}

func fail(text string) {
	fmt.Fprintln(os.Stderr, text)
	os.Exit(255)
}

// StandIn puts the stand-in into PATH as the only program there, and gives its
// path.
func StandIn(t *testing.T, act string) string {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), programs[0])
	require.NoError(t, os.Symlink(self, path))
	t.Setenv("PATH", filepath.Dir(path))
	t.Setenv(actVariable, act)
	return path
}

// pulse is a pipe that ends when the stand-in, to be started, is gone.
func pulse(t *testing.T) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "alive")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	t.Setenv(aliveVariable, path)
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

// requireGone waits for the end of the pulse.
func requireGone(t *testing.T, pulse *os.File) {
	t.Helper()
	require.NoError(t, pulse.SetReadDeadline(time.Now().Add(time.Minute)))
	_, err := pulse.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
}

// requireNoChildren makes sure that nothing runs and that there is no zombie.
func requireNoChildren(t *testing.T) {
	t.Helper()
	_, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
	require.ErrorIs(t, err, syscall.ECHILD)
}
