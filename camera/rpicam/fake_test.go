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

// The fake of rpicam-vid is the test program itself, called by that name with
// this environment.
const (
	behaviourVariable = "HALFMEG_RPICAM_BEHAVIOUR" // a key of behaviours
	aliveVariable     = "HALFMEG_RPICAM_ALIVE"     // a named pipe that the fake keeps open while it lives
)

// behaviours are what the fake can do.
var behaviours = map[string]func(size int){
	"good": func(size int) {
		logProgram("#0 (0.00 fps) exp 33000.00 ag 1.00 dg 1.00")
		frames(os.Stdout, size, 0)
	},
	"slow": func(size int) { frames(slowWriter{os.Stdout}, size, 0) },
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
	"closed": func(size int) {
		frames(os.Stdout, size, 1)
		must(os.Stdout.Close())
		hang()
	},
	"resized": func(size int) { frames(os.Stdout, size, 0) },
	"unsized": func(size int) { frames(os.Stdout, size, 0) },
	// The log goes through another pipe than the frames and may arrive later.
	"late": func(size int) {
		time.AfterFunc(50*time.Millisecond, logRequestedSize)
		frames(os.Stdout, size, 0)
	},
	// A child survives the process.
	"parent": func(size int) {
		must(os.Setenv(behaviourVariable, "stubborn"))
		child := exec.Command(os.Args[0], os.Args[1:]...)
		child.Stdout, child.Stderr = os.Stdout, os.Stderr
		must(child.Start())
		hang()
	},
	// A program that uses this package and is killed.
	"owner": func(int) {
		must(os.Setenv(behaviourVariable, "stubborn"))
		_, err := Open(context.Background(), os.Args[0], Config{})
		must(err)
		fmt.Println("first frame")
		hang()
	},
}

// hang blocks for longer than any test. An empty select would be a deadlock, which
// ends the program.
func hang() { time.Sleep(time.Hour) }

func TestMain(m *testing.M) {
	behaviour := os.Getenv(behaviourVariable)
	if behaviour == "" {
		os.Exit(m.Run())
	}
	if alive := os.Getenv(aliveVariable); alive != "" && behaviour != "owner" && behaviour != "parent" {
		_, err := syscall.Open(alive, syscall.O_WRONLY, 0) // an os.File would be closed by the garbage collector
		must(err)
	}
	switch {
	case slices.Contains(os.Args, "--version"):
		fmt.Print("rpicam-apps build: v1.7.0\nlibcamera build: v0.5.0\n")
	case !slices.Contains(os.Args, "--list-cameras"):
		logLibcamera("Camera camera_manager.cpp:326 libcamera v0.5.0+59-d83ff0a4")
		switch behaviour {
		case "resized":
			logSize(1296, 972)
		case "late", "unsized", "owner", "none", "busy", "option":
		default:
			logRequestedSize()
		}
		behaviours[behaviour](frameSize())
	case behaviour == "none":
		fmt.Println("No cameras available!")
	case behaviour == "silent":
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

// argument returns the value of a numeric option, or 0 without it.
func argument(option string) int {
	i := slices.Index(os.Args, option)
	if i < 0 || i+1 >= len(os.Args) {
		return 0
	}
	n, _ := strconv.Atoi(os.Args[i+1])
	return n
}

// frameSize returns the size in bytes of a frame as the options request it.
func frameSize() int { return argument("--width") * argument("--height") * 3 / 2 }

// logRequestedSize logs that the frames have the requested size.
func logRequestedSize() { logSize(argument("--width"), argument("--height")) }

// logSize logs what libcamera and the program log before the first frame.
func logSize(width, height int) {
	logProgram("Mode selection for 640:480:12:P")
	logProgram("    SGBRG10_CSI2P,1296x972/0 - Score: 1150")
	logLibcamera(fmt.Sprintf("Camera camera.cpp:1215 configuring streams: (0) %dx%d-YUV420/sYCC (1) 1296x972-SGBRG10_CSI2P/RAW", width, height))
}

// frames writes n frames, or frames until writing fails if n is 0. Each has its
// number at its start and its end.
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

// numbers returns the numbers at a frame's start and end.
func numbers(f newest.Frame) [2]uint64 {
	return [2]uint64{
		uint64(binary.LittleEndian.Uint32(f.Data)),
		uint64(binary.LittleEndian.Uint32(f.Data[len(f.Data)-4:])),
	}
}

// slowWriter writes in pieces.
type slowWriter struct{ io.Writer }

func (w slowWriter) Write(data []byte) (int, error) {
	for piece := range slices.Chunk(data, 60_000) {
		if _, err := w.Writer.Write(piece); err != nil {
			return 0, err
		}
		time.Sleep(time.Millisecond)
	}
	return len(data), nil
}

// logLibcamera logs a line like libcamera. At verbosity 0 the program suppresses
// them.
func logLibcamera(text string) {
	if argument("--verbose") > 0 {
		fmt.Fprintf(os.Stderr, "[0:12:34.567890123] [%d]  INFO %s\n", os.Getpid(), text)
	}
}

// logProgram logs a line like the program.
func logProgram(text string) {
	if argument("--verbose") > 0 {
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

// InstallFake makes the fake the only program in PATH and returns its path.
func InstallFake(t *testing.T, behaviour string) string {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), programs[0])
	require.NoError(t, os.Symlink(self, path))
	t.Setenv("PATH", filepath.Dir(path))
	t.Setenv(behaviourVariable, behaviour)
	return path
}

// alivePipe returns a pipe that reaches its end when the fake, which is started
// later, has exited.
func alivePipe(t *testing.T) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "alive")
	require.NoError(t, syscall.Mkfifo(path, 0o600))
	t.Setenv(aliveVariable, path)
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	return f
}

// requireExited waits until the fake of that pipe has exited.
func requireExited(t *testing.T, alive *os.File) {
	t.Helper()
	require.NoError(t, alive.SetReadDeadline(time.Now().Add(time.Minute)))
	_, err := alive.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
}

// requireNoChildren checks that there is no child process, not even a zombie.
func requireNoChildren(t *testing.T) {
	t.Helper()
	_, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
	require.ErrorIs(t, err, syscall.ECHILD)
}
