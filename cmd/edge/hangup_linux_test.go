package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// openTerminal returns both ends of a pseudoterminal.
func openTerminal(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	require.NoError(t, err)
	return master, slave
}

// A closed terminal ends edge, even with a configuration file. Otherwise edge would keep
// running unnoticed and hold the camera.
func TestClosedTerminal(t *testing.T) {
	master, slave := openTerminal(t)
	command := exec.Command(program, "run", "--config", writeConfig(t, "camera: testcard\nevents: true\n"), "--listen", "127.0.0.1:0")
	command.Stdin, command.Stdout, command.Stderr = slave, slave, slave
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, command.Start())
	t.Cleanup(func() { _ = command.Process.Kill() })
	require.NoError(t, slave.Close())
	buffer := make([]byte, 100)
	_, err := master.Read(buffer) // the page's address: it runs
	require.NoError(t, err)
	require.NoError(t, master.Close())
	ended := make(chan struct{})
	go func() {
		_ = command.Wait() // may fail: a write to the closed terminal is an error
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		t.Fatal("edge keeps running")
	}
}
