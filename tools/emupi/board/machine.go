package board

import "fmt"

// Machine is a kind of board.
type Machine int

// The machines.
const (
	Virt Machine = iota
	Pi3
)

// DisplayAddress is the I2C address of the display of Pi3.
const DisplayAddress = 0x3c

// arguments returns the arguments of QEMU.
func (b *Board) arguments(archive string) []string {
	list := []string{
		"-icount", "shift=0,sleep=off", "-nodefaults", "-no-reboot",
		"-display", "none", "-monitor", "none", "-serial", "stdio",
		"-kernel", b.Kernel.Image, "-initrd", archive,
	}
	// loglevel=1: only emergencies on the console, which carries the events.
	parameters := "console=ttyAMA0 loglevel=1 panic=-1"
	switch b.Machine {
	case Virt:
		list = append(list, "-machine", "virt", "-cpu", "cortex-a72", "-smp", "1", "-m", "512")
	case Pi3:
		// ssd0303 is the controller most like an SSD1306 that QEMU has. It shows nothing
		// here: the trace has the bytes.
		list = append(list, "-machine", "raspi3b", "-dtb", b.Kernel.DeviceTree,
			"-device", fmt.Sprintf("ssd0303,address=%#x,bus=i2c-bus.1", DisplayAddress))
	}
	if b.I2CTrace != "" {
		list = append(list, "-trace", "i2c_*,file="+b.I2CTrace)
	}
	return append(list, "-append", parameters)
}
